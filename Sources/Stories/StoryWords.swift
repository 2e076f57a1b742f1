/// Words that stand for nothing a story comes back to, and fill its sentences with variety.
enum StoryWords {
  static let tables: [StoryLexicon.Source] = [
    StoryLexicon.Source(
      name: "kin",
      rows: "friend neighbor cousin classmate playmate"),
    StoryLexicon.Source(
      name: "snack", kind: .object,
      rows: """
        buns biscuits chestnuts plums grapes raspberries almonds doughnuts candy caramels toast
        melons
        """),
    StoryLexicon.Source(
      name: "trait",
      rows: """
        brave curious kind clever cheerful quiet shy stubborn gentle merry patient lively careful
        honest polite friendly thoughtful playful dreamy daring helpful hardworking generous bold
        sensible loyal nimble jolly proud impatient forgetful adventurous eager talkative
        """),
    StoryLexicon.Source(
      name: "sad",
      rows: """
        sad unhappy worried upset miserable gloomy troubled anxious wretched heartbroken lonely
        downcast
        """),
    StoryLexicon.Source(
      name: "glad",
      rows: """
        happy glad delighted cheerful joyful pleased thankful relieved overjoyed grateful content
        proud
        """),
    StoryLexicon.Source(
      name: "adverb",
      rows: """
        softly quietly kindly gently calmly cheerfully warmly slowly quickly politely bravely
        firmly thoughtfully loudly sleepily shyly proudly eagerly seriously breathlessly carefully
        hopefully patiently sweetly earnestly merrily honestly sternly wisely brightly
        """),
    StoryLexicon.Source(
      name: "noise",
      rows: "scratch tap thump creak rustle rattle squeak bump knock patter clatter scrape"),
    StoryLexicon.Source(
      name: "shelter", kind: .place,
      rows: """
        hut hayloft tent pavilion porch archway treehouse passage
        """),
    StoryLexicon.Source(
      name: "season", rows: "spring summer autumn winter"),
    StoryLexicon.Source(
      name: "weekday", rows: "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
    StoryLexicon.Source(
      name: "number", rows: "two three four five six seven eight nine ten twelve"),
    StoryLexicon.Source(
      name: "hair",
      rows: """
        red blond black brown gray curly long short straight wavy dark fair thick messy golden
        """),
    StoryLexicon.Source(
      name: "hobby",
      rows: """
        swimming painting singing dancing climbing reading fishing whistling knitting gardening
        sewing skipping juggling sketching running hiking drawing counting camping sculpting
        rowing cycling skiing weaving jumping writing acting diving
        """),
    StoryLexicon.Source(
      name: "smell",
      rows: """
        hay rain roses smoke pine mint lavender honey grass salt bread coffee lilac moss vanilla
        thyme leather apples cedar seaweed mushrooms jasmine soap tar pepper rosemary
        """),
    StoryLexicon.Source(
      name: "bird",
      rows: """
        thrush finch wren cuckoo swallow starling magpie nightingale warbler lark bunting
        goldfinch bluebird oriole
        """),
    StoryLexicon.Source(
      name: "tree",
      rows: """
        oak elm beech birch willow maple linden pine fir spruce poplar alder hawthorn cedar larch
        aspen rowan
        """),
    StoryLexicon.Source(
      name: "insect",
      rows: """
        butterflies bees moths dragonflies wasps ladybugs beetles bumblebees fireflies crickets
        grasshoppers mosquitoes
        """),
    StoryLexicon.Source(
      name: "flower",
      rows: """
        daisies buttercups violets bluebells dandelions snowdrops heather cornflowers foxgloves
        primroses irises orchids lupins asters
        """),
    StoryLexicon.Source(
      name: "dayword",
      rows: """
        warm sunny cloudy breezy bright misty foggy rainy cool hot windy lovely quiet frosty
        """),
    StoryLexicon.Source(
      name: "dream",
      rows: """
        dragons castles ships clouds pirates giants whales elephants stars comets fairies wizards
        tigers lions princes princesses islands rainbows mermaids unicorns camels penguins
        dolphins trains airplanes rockets volcanoes
        """),
    StoryLexicon.Source(
      name: "junk",
      rows: """
        acorn beetle bone brick button coil cork corkscrew feather fishhook hinge horseshoe nail
        nutshell oyster peel rag rope shell shoe shoelace spoke sponge stick string thorn toad
        twig wheel worm
        """),
    StoryLexicon.Source(
      name: "junklook",
      rows: """
        rusty dirty bent torn soggy cold empty useless moldy smelly squashed crumpled dull ragged
        lonely faded sticky ugly
        """),
    StoryLexicon.Source(
      name: "moonword", rows: "full round silver pale yellow bright thin golden big white cold"),
    StoryLexicon.Source(
      name: "ghost",
      rows: """
        ghost monster thief goblin witch troll ogre burglar bat vampire skeleton
        """),
    StoryLexicon.Source(
      name: "way", rows: "behind beside near opposite beneath"),
    StoryLexicon.Source(
      name: "manner",
      rows: """
        softly quietly gently calmly cheerfully slowly quickly bravely loudly sleepily shyly
        proudly eagerly carefully patiently sweetly merrily happily solemnly nervously curiously
        """),
    StoryLexicon.Source(
      name: "loudly",
      rows: """
        loudly breathlessly anxiously desperately wildly hoarsely helplessly excitedly suddenly
        eagerly impatiently angrily quickly
        """),
    StoryLexicon.Source(
      name: "sadly",
      rows: """
        sadly quietly softly miserably anxiously unhappily desperately helplessly bitterly
        tearfully hoarsely faintly
        """),
    StoryLexicon.Source(
      name: "size",
      rows: """
        little big small large tiny huge pretty old new fine lovely strange heavy light plain
        fancy simple charming odd rare precious
        """),
    StoryLexicon.Source(
      name: "placelook",
      rows: """
        windy quiet old sunny lonely green wide misty crowded famous little big dark peaceful gray
        noisy beautiful steep dusty distant narrow pleasant deserted white cheerful
        """),
    StoryLexicon.Source(
      name: "young",
      rows: """
        little small young poor tired thin frightened lost shivering trembling lonely muddy fluffy
        hungry
        """),
    StoryLexicon.Source(
      name: "hungry",
      rows: """
        hungry big thin sly naughty greedy cheeky stray wild lean fat clumsy bold restless
        """),
    StoryLexicon.Source(
      name: "rich",
      rows: """
        rich old mysterious famous strange wicked lonely wise miserly noble poor crafty
        """),
    StoryLexicon.Source(
      name: "merrily",
      rows: """
        merrily happily cheerfully joyfully gladly excitedly proudly eagerly breathlessly warmly
        brightly loudly
        """),
  ]
}
