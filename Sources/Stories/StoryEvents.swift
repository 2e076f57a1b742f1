/// What happens in stories: words whose other forms are what follows from them (it began to rain:
/// wet: a dry towel), so that causes come long before their effects.
enum StoryEvents {
  static let tables: [StoryLexicon.Source] = [
    StoryLexicon.Source(
      name: "dish", columns: ["this", "need", "from"],
      rows: """
        bread / this is / flour / a bag of flour
        butter cookies / these are / butter / a pound of butter
        cheesecake / this is / cream / a jug of cream
        rhubarb pie / this is / rhubarb / a bunch of rhubarb
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
        blackberry jam / this is / blackberries / a pound of blackberries
        porridge / this is / oats / a bag of oats
        pudding / this is / raisins / a handful of raisins
        mushroom soup / this is / mushrooms / a basketful of mushrooms
        salad / this is / cucumbers / two long cucumbers
        sandwiches / these are / cheese / a piece of cheese
        stew / this is / carrots / a bunch of carrots
        tomato soup / this is / tomatoes / a pound of tomatoes
        lentil soup / this is / lentils / a cup of lentils
        waffles / these are / cinnamon / a pinch of cinnamon
        """),
    StoryLexicon.Source(
      name: "crop", kind: .object, columns: ["one"],
      rows: """
        beans / bean
        beets / beet
        daffodils / daffodil
        lilies / lily
        onions / onion
        peas / pea
        peppers / pepper
        pumpkins / pumpkin
        roses / rose
        tulips / tulip
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
        paint the shutters / painted the shutters
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
        the ferry had stopped for the night / a rowboat / rowed them across the water
        a fallen tree blocked the road / a sharp axe / chopped it in two
        the path was deep in snow / a shovel / dug a way through the snow
        the road was too muddy / a strong mule / let them ride through the mud
        a gate across the lane was locked / a bunch of keys / unlocked the gate
        a flock of sheep filled the road / a clever sheepdog / drove the sheep aside
        a signpost had fallen over / a good memory / told them the right way
        it had grown too dark to see / a burning torch / lit the way for them
        the water had risen too high / a long ladder / laid it over the water
        thick brambles covered the path / a pair of shears / cut the brambles down
        """),
  ]
}
