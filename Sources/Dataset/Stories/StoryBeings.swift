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
        blacksmith / he / him / his / a hammer and tongs
        bookbinder / she / her / her / thread and paste
        butcher / he / him / his / a ball of string
        clockmaker / he / him / his / a tiny screwdriver
        cooper / he / him / his / iron bands
        doctor / she / her / her / a clean bandage
        ferryman / he / him / his / a length of rope
        fisherman / he / him / his / a hook and line
        glassblower / she / her / her / a very hot flame
        innkeeper / she / her / her / candle wax
        jeweler / she / her / her / tweezers
        locksmith / he / him / his / a file and some oil
        mason / he / him / his / a little mortar
        painter / she / her / her / a brush and varnish
        potter / she / her / her / wet clay
        sailor / he / him / his / a clever knot
        shepherd / he / him / his / a strip of leather
        tailor / he / him / his / pins and scissors
        tinker / he / him / his / a bit of solder
        """),
    StoryLexicon.Source(
      name: "smallanimal", kind: .animal, columns: ["sound", "food", "home"],
      rows: """
        blackbird / sang / a worm / nest
        chick / peeped / some crumbs / coop
        dove / cooed / some grain / loft
        duckling / cheeped / some bread / nest
        gosling / peeped / some grass / yard
        hedgehog / snuffled / a beetle / leaf pile
        hen / clucked / some corn / coop
        kitten / meowed / some fish / bed
        mouse / squeaked / some cheese / hole
        owl / hooted / some meat / nest
        puppy / yapped / a bone / kennel
        robin / chirped / some crumbs / nest
        sparrow / chirped / some crumbs / nest
        turtle / blinked / some lettuce / ditch
        """),
    StoryLexicon.Source(
      name: "largeanimal", kind: .animal, columns: ["sound", "food", "home"],
      rows: """
        badger / grunted / some roots / burrow
        bear / growled / some honey / den
        calf / mooed / some milk / shed
        deer / snorted / some clover / thicket
        donkey / brayed / a carrot / shed
        fawn / bleated / some clover / thicket
        foal / neighed / some oats / paddock
        goat / bleated / some cabbage / shed
        hare / thumped its foot / some lettuce / burrow
        cat / meowed / some fish / bed
        monkey / chattered / a banana / treetop
        pig / grunted / some turnips / sty
        piglet / squealed / some turnips / sty
        raccoon / chattered / some berries / den
        """),
    StoryLexicon.Source(name: "animal", union: ["smallanimal", "largeanimal"]),
  ]
}
