/// Names of people, pets and villages. No name is also an ordinary word of the stories, so that the
/// checker can tell names by themselves.
enum StoryNames {
  static let tables: [StoryLexicon.Source] = [
    StoryLexicon.Source(
      name: "girl", kind: .person,
      shared: ["he": "she", "him": "her", "his": "her", "kind": "girl", "twin": "sister"],
      rows: """
        Ada Alice Clara Fiona Jane Lisa Mira Nancy Sofia Vera
        """),
    StoryLexicon.Source(
      name: "boy", kind: .person,
      shared: ["he": "he", "him": "him", "his": "his", "kind": "boy", "twin": "brother"],
      rows: """
        Aaron Boris Eric Gus Herbert Kurt Ned Otto Rufus Tom
        """),
    StoryLexicon.Source(name: "child", union: ["girl", "boy"]),
    StoryLexicon.Source(
      name: "pet", kind: .animal,
      rows: """
        Biscuit Caramel Fidget Gizmo Nibbles Pogo Smudge Thimble
        """),
    StoryLexicon.Source(
      name: "village", kind: .place, shared: ["the": "*", "in": "in *"],
      rows: """
        Alderbrook Brookdale Eastwick Foxley Larkfield Marlow Ravenwood Silverton
        """),
  ]
}
