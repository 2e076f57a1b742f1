/// The other words that stories choose among: people by their work, animals, food, weather, feelings.
enum StoryWords {
  static let tables: [StoryLexicon.Source] = [
    StoryLexicon.Source(
      name: "elder", columns: ["he", "his"],
      rows: """
        grandmother / she / her
        grandfather / he / his
        aunt / she / her
        uncle / he / his
        mother / she / her
        father / he / his
        godmother / she / her
        godfather / he / his
        """),
    StoryLexicon.Source(
      name: "kin",
      rows: "friend neighbor cousin classmate playmate"),
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
      name: "animal", kind: .animal, columns: ["sound", "food", "home"],
      rows: """
        badger / grunted / some roots / burrow
        bear / growled / some honey / den
        beaver / slapped its tail / some bark / lodge
        blackbird / sang / a worm / nest
        calf / mooed / some milk / shed
        chick / peeped / some crumbs / coop
        crow / cawed / some corn / nest
        deer / snorted / some clover / thicket
        dog / barked / a bone / kennel
        donkey / brayed / a carrot / shed
        dove / cooed / some grain / loft
        duck / quacked / some bread / nest
        duckling / cheeped / some bread / nest
        fawn / bleated / some clover / thicket
        foal / neighed / some oats / paddock
        fox / yelped / some berries / den
        frog / croaked / a fly / puddle
        goat / bleated / some cabbage / shed
        goose / honked / some grain / pen
        gosling / peeped / some grass / pen
        hamster / squeaked / some seeds / cage
        hare / thumped its foot / some lettuce / burrow
        hedgehog / snuffled / a beetle / leaf pile
        hen / clucked / some corn / coop
        jackdaw / chattered / some crumbs / nest
        kitten / meowed / some fish / basket
        cat / meowed / some fish / basket
        lamb / bleated / some milk / fold
        mole / snuffled / a worm / tunnel
        monkey / chattered / a banana / treetop
        mouse / squeaked / some cheese / hole
        otter / whistled / a fish / den
        owl / hooted / some meat / nest
        parrot / squawked / some nuts / perch
        pig / grunted / some turnips / sty
        piglet / squealed / some turnips / sty
        pony / neighed / some oats / paddock
        puppy / yapped / a bone / kennel
        rabbit / thumped its foot / a carrot / burrow
        raccoon / chattered / some berries / den
        robin / chirped / some crumbs / nest
        seal / barked / a fish / rock
        sparrow / chirped / some crumbs / nest
        squirrel / chattered / some nuts / treetop
        swan / hissed / some bread / nest
        turtle / blinked / some lettuce / puddle
        woodpecker / tapped / a beetle / hole
        """),
    StoryLexicon.Source(
      name: "dish", columns: ["this", "need", "from"],
      rows: """
        bread / this is / flour / a bag of flour
        butter cookies / these are / butter / a pound of butter
        cheesecake / this is / cream / a jug of cream
        cherry pie / this is / cherries / a bowl of cherries
        chowder / this is / fish / a fat fish
        custard / this is / milk / a can of milk
        dumplings / these are / potatoes / a bag of potatoes
        fudge / this is / sugar / a pound of sugar
        gingerbread / this is / ginger / a pinch of ginger
        honey cake / this is / honey / a jar of honey
        lemonade / this is / lemons / four yellow lemons
        marmalade / this is / oranges / five ripe oranges
        muffins / these are / blueberries / a cup of blueberries
        noodles / these are / salt / a little salt
        pancakes / these are / eggs / six fresh eggs
        apple pie / this is / apples / a dozen apples
        plum jam / this is / plums / a pound of plums
        porridge / this is / oats / a bag of oats
        pudding / this is / raisins / a handful of raisins
        pumpkin soup / this is / pumpkins / a big pumpkin
        salad / this is / cucumbers / two long cucumbers
        sandwiches / these are / cheese / a piece of cheese
        stew / this is / carrots / a bunch of carrots
        tomato soup / this is / tomatoes / a pound of tomatoes
        vegetable soup / this is / beans / a cup of beans
        waffles / these are / cinnamon / a pinch of cinnamon
        """),
    StoryLexicon.Source(
      name: "snack",
      rows: """
        buns biscuits cocoa chestnuts cherries plums peaches grapes pears raspberries walnuts almonds
        doughnuts pretzels candy chocolate caramels popcorn toast crackers melon apricots
        """),
    StoryLexicon.Source(
      name: "crop", columns: ["one"],
      rows: """
        beans / bean
        beets / beet
        cabbages / cabbage
        daffodils / daffodil
        leeks / leek
        lilies / lily
        marigolds / marigold
        onions / onion
        pansies / pansy
        peas / pea
        peppers / pepper
        poppies / poppy
        pumpkins / pumpkin
        radishes / radish
        roses / rose
        sunflowers / sunflower
        tulips / tulip
        turnips / turnip
        """),
    StoryLexicon.Source(
      name: "weather", columns: ["made", "cure", "then"],
      rows: """
        it began to rain / wet / a dry towel / dry
        it started to snow / cold / a bowl of hot soup / warm
        the sun burned down / thirsty / a glass of cool water / fresh
        an icy wind began to blow / chilly / a thick woolen blanket / warm
        thunder rumbled in the sky / frightened / a long hug / calm
        a thick fog rolled in / lost / a bright torch / safe
        hail came rattling down / sore / some soothing ointment / well
        mud splashed up from the ground / dirty / a bath with soap / clean
        a cloud of dust blew up / dusty / a sponge and warm water / clean
        the air grew hot and still / tired / a rest in the shade / lively
        """),
    StoryLexicon.Source(
      name: "trait",
      rows: """
        brave curious kind clever cheerful quiet shy stubborn gentle merry patient lively careful honest
        polite friendly thoughtful playful dreamy daring helpful hardworking generous bold sensible
        loyal nimble jolly proud impatient forgetful adventurous eager talkative
        """),
    StoryLexicon.Source(
      name: "sad",
      rows: """
        sad unhappy worried upset miserable gloomy troubled anxious sorry heartbroken lonely downcast
        """),
    StoryLexicon.Source(
      name: "glad",
      rows: """
        happy glad delighted cheerful joyful pleased thankful relieved overjoyed grateful content proud
        """),
    StoryLexicon.Source(
      name: "adverb",
      rows: """
        softly quietly kindly gently calmly cheerfully warmly slowly quickly politely bravely firmly
        thoughtfully
        """),
    StoryLexicon.Source(
      name: "trouble", columns: ["solve"],
      rows: """
        had hurt its leg / bandaged its leg
        had fallen into a hole / lifted it out of the hole
        was stuck in the mud / pulled it out of the mud
        was caught in a net / cut the net
        was tangled in a rope / untied the rope
        was trapped under a branch / moved the branch
        had a thorn in its foot / drew out the thorn
        was shivering with cold / warmed it by the fire
        was tied to a post / set it free from the post
        had cut its ear / washed its ear
        """),
    StoryLexicon.Source(
      name: "chore", columns: ["did"],
      rows: """
        sweep the floor / swept the floor
        wash the windows / washed the windows
        chop the wood / chopped the wood
        water the flowers / watered the flowers
        stack the chairs / stacked the chairs
        rake the leaves / raked the leaves
        shovel the snow / shoveled the snow
        polish the silver / polished the silver
        scrub the steps / scrubbed the steps
        dust the shelves / dusted the shelves
        paint the fence / painted the fence
        peel the potatoes / peeled the potatoes
        fetch some water / fetched some water
        fold the laundry / folded the laundry
        pull up the weeds / pulled up the weeds
        sort the nails / sorted the nails
        """),
    StoryLexicon.Source(
      name: "contest", columns: ["go", "went"],
      rows: """
        running race / run / ran
        swimming race / swim / swam
        rowing race / row / rowed
        sack race / hop / hopped
        skating race / skate / skated
        climbing contest / climb / climbed
        skiing race / ski / skied
        jumping contest / jump / jumped
        pony race / ride / rode
        bicycle race / pedal / pedaled
        """),
    StoryLexicon.Source(
      name: "hurt", columns: ["part"],
      rows: """
        stumbled over a root / knee
        slipped on a wet stone / ankle
        bumped into a pole / head
        fell on the gravel / elbow
        tripped over a stone / foot
        landed on a thistle / hand
        fell into a ditch / shoulder
        twisted on the turn / leg
        """),
    StoryLexicon.Source(
      name: "noise",
      rows: "scratch tap thump creak rustle rattle squeak bump knock patter clatter scrape"),
    StoryLexicon.Source(
      name: "money", columns: ["price"],
      rows: """
        one coin / four coins
        two coins / five coins
        three coins / seven coins
        four coins / eight coins
        five coins / ten coins
        six coins / eleven coins
        seven coins / twelve coins
        eight coins / twenty coins
        nine coins / thirty coins
        """),
    StoryLexicon.Source(
      name: "obstacle", columns: ["help", "past"],
      rows: """
        the bridge had been washed away / a rowboat / rowed them across the water
        a fallen tree blocked the road / a sharp axe / chopped the trunk in two
        the path was deep in snow / a shovel / dug a way through the snow
        the road was too muddy / a strong mule / let them ride through the mud
        a gate across the lane was locked / a bunch of keys / unlocked the gate
        a flock of sheep filled the road / a clever sheepdog / drove the sheep aside
        a signpost had fallen over / a good memory / told them the right way
        it had grown too dark to see / a burning torch / lit the way for them
        the river had risen too high / a long ladder / laid it over the water
        thick brambles covered the path / a pair of shears / cut the brambles down
        """),
    StoryLexicon.Source(
      name: "shelter", rows: "hut shed hayloft tent pavilion porch archway treehouse passage"),
    StoryLexicon.Source(
      name: "season", rows: "spring summer autumn winter"),
    StoryLexicon.Source(
      name: "weekday", rows: "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
    StoryLexicon.Source(
      name: "number", rows: "two three four five six seven eight nine ten twelve"),
  ]
}
