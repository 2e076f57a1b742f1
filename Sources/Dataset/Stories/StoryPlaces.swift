/// Where stories happen. `at` is the place as a sentence says it.
enum StoryPlaces {
  private static let shared = ["the": "the *", "in": "near the *"]

  static let tables: [StoryLexicon.Source] = [
    StoryLexicon.Source(
      name: "outside", kind: .place, columns: ["at"], shared: shared,
      rows: """
        bay / in the bay
        beach / on the beach
        bridge / on the bridge
        brook / by the brook
        canal / by the canal
        canyon / in the canyon
        cave / in the cave
        clearing / in the clearing
        cliff / on the cliff
        coast / on the coast
        creek / by the creek
        crossroads / at the crossroads
        dock / on the dock
        dunes / in the dunes
        field / in the field
        forest / in the forest
        fountain / by the fountain
        glade / in the glade
        gorge / in the gorge
        grove / in the grove
        harbor / at the harbor
        heath / on the heath
        hill / on the hill
        jetty / on the jetty
        lagoon / by the lagoon
        lake / by the lake
        marsh / by the marsh
        meadow / in the meadow
        moor / on the moor
        mountain / on the mountain
        orchard / in the orchard
        park / in the park
        pasture / in the pasture
        pier / on the pier
        playground / on the playground
        pond / by the pond
        quarry / in the quarry
        ravine / in the ravine
        ridge / on the ridge
        river / by the river
        shore / on the shore
        square / in the square
        stream / by the stream
        swamp / by the swamp
        valley / in the valley
        vineyard / in the vineyard
        waterfall / by the waterfall
        woods / in the woods
        """),
    StoryLexicon.Source(
      name: "building", kind: .place, columns: ["at"], shared: shared,
      rows: """
        abbey / at the abbey
        bakery / at the bakery
        barn / in the barn
        boathouse / in the boathouse
        bookshop / in the bookshop
        cabin / in the cabin
        castle / in the castle
        chapel / in the chapel
        church / in the church
        circus / at the circus
        cottage / in the cottage
        dairy / at the dairy
        farm / on the farm
        forge / at the forge
        greenhouse / in the greenhouse
        inn / at the inn
        library / in the library
        lighthouse / at the lighthouse
        market / at the market
        mill / at the mill
        museum / in the museum
        palace / in the palace
        school / at the school
        smithy / at the smithy
        stable / in the stable
        station / at the station
        teahouse / at the teahouse
        theater / in the theater
        tower / in the tower
        windmill / at the windmill
        workshop / in the workshop
        zoo / at the zoo
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
