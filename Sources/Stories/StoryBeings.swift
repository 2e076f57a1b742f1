/// Relatives, people by their work, and animals.
enum StoryBeings {
  static let tables: [StoryLexicon.Source] = [
    StoryLexicon.Source(
      name: "elder", columns: ["he", "him"],
      rows: """
        grandmother / she / her
        grandfather / he / him
        aunt / she / her
        uncle / he / him
        mother / she / her
        father / he / him
        godmother / she / her
        godfather / he / him
        """),
    StoryLexicon.Source(
      name: "trade", kind: .person, columns: ["he", "him", "his", "tool"],
      rows: """
        baker / he / him / his / a rolling pin
        bookbinder / she / her / her / thread and paste
        cooper / he / him / his / iron bands
        ferryman / he / him / his / a length of rope
        innkeeper / she / her / her / candle wax
        locksmith / he / him / his / a file and some oil
        potter / she / her / her / wet clay
        shepherd / he / him / his / a strip of leather
        """),
    StoryLexicon.Source(
      name: "smallanimal", kind: .animal, columns: ["sound", "food", "home"],
      rows: """
        blackbird / sang / a worm / nest
        chick / peeped / some crumbs / coop
        duckling / cheeped / some bread / nest
        hedgehog / snuffled / a beetle / leaf pile
        kitten / meowed / some fish / bed
        mouse / squeaked / some cheese / hole
        puppy / yapped / a bone / kennel
        sparrow / chirped / some crumbs / nest
        """),
    StoryLexicon.Source(
      name: "largeanimal", kind: .animal, columns: ["sound", "food", "home"],
      rows: """
        badger / grunted / some roots / burrow
        bear / growled / some honey / den
        deer / snorted / some clover / thicket
        fawn / bleated / some clover / thicket
        goat / bleated / some cabbage / shed
        hare / thumped its foot / some lettuce / burrow
        monkey / chattered / a banana / treetop
        piglet / squealed / some turnips / sty
        """),
    StoryLexicon.Source(name: "animal", union: ["smallanimal", "largeanimal"]),
  ]
}
