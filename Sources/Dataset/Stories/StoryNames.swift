/// Names of people, pets and villages. No name is also an ordinary word of the stories, so that the
/// checker can tell names by themselves.
enum StoryNames {
  static let tables: [StoryLexicon.Source] = [
    StoryLexicon.Source(
      name: "girl", kind: .person,
      shared: ["he": "she", "him": "her", "his": "her", "kind": "girl", "twin": "sister"],
      rows: """
        Ada Alice Anna Bella Carla Clara Dora Elena Elsa Esther Fiona Gerda Hattie Helen Ingrid
        Jane Josie Julia Laura Lisa Lucy Mabel Mary Mia Molly Nancy Nora Petra Rita Ruth Sofia
        Sylvia Tilda Ursula Wilma Zara
        """),
    StoryLexicon.Source(
      name: "boy", kind: .person,
      shared: ["he": "he", "him": "him", "his": "his", "kind": "boy", "twin": "brother"],
      rows: """
        Aaron Albert Anton Barnaby Boris Caspar Conrad Dennis Edmund Eric Felix Floyd George Gus
        Harvey Herbert Isaac James Jonas Kurt Leonard Louis Marcus Milo Ned Norman Otto Peter
        Ralph Robert Rufus Saul Stefan Tim Tom Vincent
        """),
    StoryLexicon.Source(name: "child", union: ["girl", "boy"]),
    StoryLexicon.Source(
      name: "pet", kind: .animal,
      rows: """
        Biscuit Bubbles Caramel Zippy Domino Fidget Flopsy Gizmo Jingle Mittens Nibbles Patches
        Pogo Pippin Rascal Smudge Sparky Thimble Toffee Tumble
        """),
    StoryLexicon.Source(
      name: "village", kind: .place, shared: ["the": "*", "in": "in *"],
      rows: """
        Alderbrook Birchfield Brookdale Coldwell Cranford Eastwick Fairhaven Foxley Greystone
        Hazelton Larkfield Littleport Marlow Northfold Otterburn Ravenwood Rosedale Silverton
        Thornbury Westmere
        """),
  ]
}
