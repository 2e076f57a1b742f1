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
        boatbuilder / she / her / her / a pot of tar
        bookbinder / she / her / her / thread and paste
        butcher / he / him / his / a ball of string
        carpenter / he / him / his / a saw and some nails
        clockmaker / he / him / his / a tiny screwdriver
        cobbler / he / him / his / wax and strong thread
        cooper / he / him / his / iron bands
        doctor / she / her / her / a clean bandage
        farmer / she / her / her / a piece of wire
        ferryman / he / him / his / a length of rope
        fisherman / he / him / his / a hook and line
        gardener / she / her / her / twigs and twine
        glassblower / she / her / her / a very hot flame
        goldsmith / she / her / her / a drop of gold
        innkeeper / she / her / her / candle wax
        jeweler / she / her / her / tweezers
        knight / he / him / his / the handle of a sword
        locksmith / he / him / his / a file and some oil
        mason / he / him / his / a little mortar
        miller / he / him / his / flour paste
        painter / she / her / her / a brush and varnish
        plumber / he / him / his / a wrench
        potter / she / her / her / wet clay
        sailor / he / him / his / a clever knot
        seamstress / she / her / her / a needle and thread
        shepherd / he / him / his / a strip of leather
        tailor / he / him / his / pins and scissors
        teacher / she / her / her / glue
        tinker / he / him / his / a bit of solder
        weaver / she / her / her / a hank of wool
        """),
    StoryLexicon.Source(
      name: "smallanimal", kind: .animal, columns: ["sound", "food", "home"],
      rows: """
        blackbird / sang / a worm / nest
        chick / peeped / some crumbs / coop
        crow / cawed / some corn / nest
        dove / cooed / some grain / loft
        duckling / cheeped / some bread / nest
        frog / croaked / a fly / ditch
        gosling / peeped / some grass / yard
        hamster / squeaked / some seeds / cage
        hedgehog / snuffled / a beetle / leaf pile
        hen / clucked / some corn / coop
        jackdaw / chattered / some crumbs / nest
        kitten / meowed / some fish / bed
        mole / snuffled / a worm / tunnel
        mouse / squeaked / some cheese / hole
        owl / hooted / some meat / nest
        parrot / squawked / some nuts / perch
        puppy / yapped / a bone / kennel
        rabbit / thumped its foot / a carrot / burrow
        robin / chirped / some crumbs / nest
        sparrow / chirped / some crumbs / nest
        squirrel / chattered / some nuts / treetop
        turtle / blinked / some lettuce / ditch
        woodpecker / tapped / a beetle / hole
        """),
    StoryLexicon.Source(
      name: "largeanimal", kind: .animal, columns: ["sound", "food", "home"],
      rows: """
        badger / grunted / some roots / burrow
        bear / growled / some honey / den
        beaver / slapped its tail / some bark / lodge
        calf / mooed / some milk / shed
        deer / snorted / some clover / thicket
        dog / barked / a bone / kennel
        donkey / brayed / a carrot / shed
        duck / quacked / some bread / nest
        fawn / bleated / some clover / thicket
        foal / neighed / some oats / paddock
        fox / yelped / some berries / den
        goat / bleated / some cabbage / shed
        goose / honked / some grain / yard
        hare / thumped its foot / some lettuce / burrow
        cat / meowed / some fish / bed
        lamb / bleated / some milk / fold
        monkey / chattered / a banana / treetop
        otter / whistled / a fish / den
        pig / grunted / some turnips / sty
        piglet / squealed / some turnips / sty
        pony / neighed / some oats / paddock
        raccoon / chattered / some berries / den
        swan / hissed / some bread / nest
        """),
    StoryLexicon.Source(name: "animal", union: ["smallanimal", "largeanimal"]),
  ]
}
