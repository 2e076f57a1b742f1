/// Things that stories are about. `use` and `used` complete "wanted to …" and "Mira …".
enum StoryThings {
  private static let one = ["it": "it", "they": "it", "was": "was", "is": "is"]
  private static let two = ["it": "them", "they": "they", "was": "were", "is": "are"]

  static let tables: [StoryLexicon.Source] = [
    StoryLexicon.Source(
      name: "toy", kind: .object, columns: ["use", "used"], shared: one,
      rows: """
        accordion / play / played
        ball / throw / threw
        banjo / play / played
        boomerang / throw / threw
        camera / use / used
        doll / dress / dressed
        drum / beat / beat
        fiddle / play / played
        guitar / play / played
        hoop / roll / rolled
        horn / blow / blew
        magnet / use / used
        microscope / look through / looked through
        paintbrush / paint with / painted with
        pinwheel / spin / spun
        puzzle / solve / solved
        recorder / play / played
        sailboat / sail / sailed
        sled / pull / pulled
        spyglass / look through / looked through
        telescope / look through / looked through
        trumpet / blow / blew
        violin / play / played
        whistle / blow / blew
        """),
    StoryLexicon.Source(
      name: "gear", kind: .object, columns: ["use", "used"], shared: two,
      rows: """
        skates / try / tried
        skis / try / tried
        stilts / walk on / walked on
        binoculars / look through / looked through
        cymbals / clash / clashed
        castanets / shake / shook
        """),
    StoryLexicon.Source(
      name: "footwear", kind: .object, columns: ["use", "used"], shared: two,
      rows: """
        boots / wear / wore
        gloves / wear / wore
        goggles / wear / wore
        sandals / wear / wore
        slippers / wear / wore
        earmuffs / wear / wore
        """),
    StoryLexicon.Source(name: "pair", union: ["gear", "footwear"]),
    StoryLexicon.Source(
      name: "hard", kind: .object, shared: one,
      rows: """
        badge bookmark bracelet brooch candlestick clock coin comb compass crown cup flask globe
        goblet helmet hourglass jug kettle lamp lantern locket map mask medal mirror mug necklace
        notebook pearl pen pencil pendant pitcher plate postcard ring seashell spoon statue
        stopwatch sundial teacup teapot thermometer umbrella vase wallet watch
        """),
    StoryLexicon.Source(
      name: "wear", kind: .object, shared: one,
      rows: """
        apron beret bonnet cap cape cardigan cloak coat hat hood jacket kerchief pinafore poncho
        pullover raincoat robe sash scarf shawl shirt sweater tunic vest waistcoat
        """),
    StoryLexicon.Source(
      name: "cloth", kind: .object, shared: one,
      rows: """
        bandana belt blanket cushion flag handkerchief knapsack pillow purse quilt ribbon rucksack
        satchel tablecloth
        """),
    StoryLexicon.Source(name: "soft", union: ["wear", "cloth"]),
    StoryLexicon.Source(
      name: "furniture", kind: .object, shared: one,
      rows: """
        bookcase bureau cabinet chest closet cradle crate cupboard drawer dresser trunk wardrobe
        """),
    StoryLexicon.Source(
      name: "lockable", kind: .object, shared: one,
      rows: "box casket chest coffer cabinet crate strongbox suitcase toolbox trunk urn"),
    StoryLexicon.Source(
      name: "carrier", kind: .object, shared: one,
      rows: "bag basket hamper sack pouch crate bucket pail tub tin"),
    StoryLexicon.Source(
      name: "color",
      rows: """
        red blue green yellow orange purple pink brown black white golden silver gray violet
        crimson scarlet turquoise striped spotted checkered
        """),
    StoryLexicon.Source(
      name: "hardlook",
      rows: """
        shiny wooden painted polished carved rusty dusty round crooked sparkling copper brass
        """),
    StoryLexicon.Source(
      name: "softlook", rows: "woolen silk velvet patched knitted leather faded embroidered"),
  ]
}
