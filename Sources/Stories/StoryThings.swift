/// Things that stories are about. `use` and `used` complete "wanted to …" and "Mira …".
enum StoryThings {
  private static let one = ["it": "it", "they": "it", "was": "was", "is": "is"]
  private static let two = ["it": "them", "they": "they", "was": "were", "is": "are"]

  static let tables: [StoryLexicon.Source] = [
    StoryLexicon.Source(
      name: "toy", kind: .object, columns: ["use", "used"], shared: one,
      rows: """
        accordion / play / played
        banjo / play / played
        doll / dress / dressed
        drum / beat / beat
        kite / fly / flew
        horn / blow / blew
        paintbrush / paint with / painted with
        puzzle / solve / solved
        sled / pull / pulled
        trumpet / blow / blew
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
        badge brooch coin crown globe hourglass lamp map mirror notebook pencil plate seashell
        stopwatch teapot vase
        """),
    StoryLexicon.Source(
      name: "wear", kind: .object, shared: one,
      rows: """
        apron bonnet cape cloak hat jacket pinafore pullover robe scarf shirt tunic
        """),
    StoryLexicon.Source(
      name: "cloth", kind: .object, shared: one,
      rows: """
        bandana belt cushion handkerchief pillow purse ribbon satchel
        """),
    StoryLexicon.Source(name: "soft", union: ["wear", "cloth"]),
    StoryLexicon.Source(
      name: "furniture", kind: .object, shared: one,
      rows: """
        bookcase bureau chest closet crate cupboard dresser trunk
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
        red blue green yellow orange purple pink brown black white golden silver gray striped spotted
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
