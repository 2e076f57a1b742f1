/// Where stories happen. `at` is the place as a sentence says it.
enum StoryPlaces {
  private static let shared = ["the": "the *", "in": "near the *"]

  static let tables: [StoryLexicon.Source] = [
    StoryLexicon.Source(
      name: "outside", kind: .place, columns: ["at"], shared: shared,
      rows: """
        bay / in the bay
        beach / on the beach
        brook / by the brook
        canyon / in the canyon
        clearing / in the clearing
        coast / on the coast
        crossroads / at the crossroads
        dock / on the dock
        field / in the field
        fountain / by the fountain
        gorge / in the gorge
        harbor / at the harbor
        hill / on the hill
        lagoon / by the lagoon
        lake / by the lake
        meadow / in the meadow
        mountain / on the mountain
        park / in the park
        pier / on the pier
        pond / by the pond
        quarry / in the quarry
        ridge / on the ridge
        shore / on the shore
        stream / by the stream
        valley / in the valley
        waterfall / by the waterfall
        """),
    StoryLexicon.Source(
      name: "building", kind: .place, columns: ["at"], shared: shared,
      rows: """
        abbey / at the abbey
        bakery / at the bakery
        boathouse / in the boathouse
        bookshop / in the bookshop
        castle / in the castle
        church / in the church
        circus / at the circus
        dairy / at the dairy
        farm / on the farm
        greenhouse / in the greenhouse
        library / in the library
        lighthouse / at the lighthouse
        mill / at the mill
        museum / in the museum
        school / at the school
        stable / in the stable
        station / at the station
        theater / in the theater
        tower / in the tower
        workshop / in the workshop
        """),
    StoryLexicon.Source(name: "place", union: ["outside", "building"]),
    StoryLexicon.Source(
      name: "spot", kind: .object,
      rows: """
        barrow bench boulder bush doorstep fence fern gatepost haystack hedge ladder log lamppost
        manhole milestone mound pipe plank puddle railing rock root signpost stump thistle trough
        wall wheelbarrow woodpile anthill drainpipe beehive molehill nettle
        """),
    StoryLexicon.Source(
      name: "spotlook",
      rows: """
        broken mossy hollow old big tall muddy wet dry thorny leafy low narrow cracked sunny shady
        slippery weathered rotten fallen
        """),
  ]
}
