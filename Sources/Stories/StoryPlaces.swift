/// Where stories happen. `at` is the place as a sentence says it.
enum StoryPlaces {
  private static let shared = ["the": "the *", "in": "near the *"]

  static let tables: [StoryLexicon.Source] = [
    StoryLexicon.Source(
      name: "outside", kind: .place, columns: ["at"], shared: shared,
      rows: """
        bay / in the bay
        canyon / in the canyon
        crossroads / at the crossroads
        fountain / by the fountain
        harbor / at the harbor
        lagoon / by the lagoon
        mountain / on the mountain
        pond / by the pond
        quarry / in the quarry
        stream / by the stream
        """),
    StoryLexicon.Source(
      name: "building", kind: .place, columns: ["at"], shared: shared,
      rows: """
        abbey / at the abbey
        boathouse / in the boathouse
        church / in the church
        farm / on the farm
        library / in the library
        mill / at the mill
        school / at the school
        theater / in the theater
        """),
    StoryLexicon.Source(name: "place", union: ["outside", "building"]),
    StoryLexicon.Source(
      name: "spot", kind: .object,
      rows: """
        barrow boulder doorstep fern haystack ladder lamppost milestone plank railing root stump
        trough wheelbarrow anthill beehive
        """),
    StoryLexicon.Source(
      name: "spotlook",
      rows: """
        broken mossy hollow old big tall muddy wet dry thorny leafy low narrow cracked sunny shady
        slippery weathered rotten fallen
        """),
  ]
}
