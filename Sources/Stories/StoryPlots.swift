/// The plots: one rule a plot, one line a sentence. People, things and places are brought in by
/// the first paragraph (or later by "a" or "named"), so that everything after it is a reference.
enum StoryPlots {
  static let rules: [String: String] = lossPlots.merging(kindnessPlots) { $1 }
    .merging(adventurePlots) { $1 }

  /// Something is lost, broken, missing or fought over.
  private static let lossPlots: [String: String] = [
    "lost": """
    $meet
    $one_day, <hero.he> $took $a_thing, {a gift|a present} from $elder, to $place to {play
    with|meet}
    $friend.

    But when {it was time to go home|the sun went down|it grew dark|evening came}, <hero> could not
    find $the_thing.
    {"Where <thing.is> my <thing>?" {asked|cried}|"My <thing> <thing.is> gone!" {cried|sobbed}|"I
    have lost my <thing>," said} <hero>$sadly.
    ^<hero.he> $was_sad, because <thing.they> had come from <hero.his> <elder>.
    "$comfort, <hero>," said <friend>$softly.
    <hero> $looked $spot, but found only $litter.
    <friend> $looked $spot and found $litter.

    $at_last <hero> {saw|spotted|noticed} $the_thing $spot {not far from the <place>|<place.at>}.
    ^<hero.he> {hugged|thanked} <friend> and {was <=glad> again|was no longer <sad>}.
    $farewell
    """,

    "mended": """
    $meet
    $one_day, <hero.he> $took $a_toy to $outside to {play with|meet} $friend.
    $spot lived $trade.

    <hero> {tripped over|fell over|bumped into} @ <=spotlook> <=spot>, and $the_thing broke.
    "$oh! Now I can never <thing.use> <thing.it> again," cried <hero>$sadly.
    So they $ran to the <trade>, who {put down|laid aside} $litter and looked at $the_thing.
    "I can mend <thing.it> with <trade.tool>," <trade.he> said$softly.

    After <=number> hours the <thing> <thing.was> as good as new, and <hero> gave the <trade>
    $snacks.
    {Soon|The next day} <hero> <thing.used> $the_thing <place.at> with <friend> again.
    $farewell
    """,

    "sharing": """
    $meet
    $one_day, <hero> and $sibling got $a_toy from their <=trait> <elder=elder>.
    They $took <thing.it> to $outside.

    $scene
    But {both|each} of them wanted to <thing.use> $the_thing first.
    "$oh, {it is my turn|let me try|I am first}!" {cried|shouted} <hero>$loudly.
    ^They quarreled until <friend> fell over @ <=spotlook> <=spot>.
    "If you fight, nobody can <thing.use> the <thing>," said their <elder>$softly.
    "You may <thing.use> <thing.it> {first|today|until noon}, <friend>," said <hero>$softly.

    So <friend> <thing.used> $the_thing <place.at>, and <hero> {watched|waited|clapped} <=manner>.
    Their <elder> was so <=glad> that <elder.he> {bought|gave|brought} them $snacks.
    $farewell
    """,

    "baking": """
    $meet
    $one_day, $elder wanted to make <dish=dish> for $friend, who was {ill|sick|having a party|always
    hungry}.
    $trade {lived|worked} <place=building.at>.

    But they had no <dish.need>, so <hero> $ran to the <place>.
    "{May|Could|Can} I have <dish.from>?" <hero.he> asked the <trade>$softly.
    ^"$yes, if you <chore=chore> for me," said the <trade>$softly.
    So <hero> <chore.did>, found $litter $spot, and got <dish.from>.
    $scene

    {Soon|Before long|An hour later} <friend> ate <=number> {plates|helpings} of <dish>, with
    $snacks.
    "<dish.this> the best <dish> I have ever had," said <friend>$merrily.
    $farewell
    """,
  ]
}
