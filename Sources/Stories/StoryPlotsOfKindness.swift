extension StoryPlots {
  /// Somebody helps, gives or makes friends.
  static let kindnessPlots: [String: String] = [
    "rescue": """
    $meet
    $one_day, <hero> {walked|went} to $outside with $elder.
    $spot they {found|saw|came upon} @ <=young> <animal=animal> that <trouble=trouble>.

    "$oh, {the poor thing|the poor <animal>}! We must help it," cried <hero>$loudly.
    So <hero> <=manner> <trouble.solve>, and <hero.his> <elder> gave it <animal.food>.
    The <animal> <animal.sound> <=manner>.
    "{I will call it <pet=pet>|Its name is <pet=pet>}," said <hero>$softly.

    $scene
    After <=number> {days|weeks} <pet> was well and went back to its <animal.home> near the <place>.
    <hero> $was_sad, but {every {morning|evening|<=weekday>}|in <=season>} the <animal> came to
    <hero>
    for <animal.food> and <=snack>.
    Whenever <hero> {walked|came} to the <place>, <pet> <animal.sound>.
    $farewell
    """,

    "gift": """
    $meet
    $friend had a birthday on <day=weekday>, but <hero> had only <money=money>.
    <place=building.at> $trade {was selling|sold|had} $a_thing.

    "How much <thing.is> the {|<look> }<thing>?" {asked|said} <hero>$softly.
    ^"<money.price>," {said|answered|replied} the <trade>$softly.
    "If you <chore=chore> for me, the <thing> <thing.is> yours," said the <trade>$softly.
    So <hero> <chore.did> and found $litter $spot.
    Then the <trade> wrapped $the_thing in <=color> {paper|cloth|straw|silk}.

    On <day>, <friend> opened the present and {laughed|clapped|cheered} <=manner>.
    "{Oh, <hero>, what a surprise|Just what I wanted|How lovely}! $thanks," cried <friend>$merrily.
    <friend> gave <hero> $snacks and kept $the_thing $spot.
    $farewell
    """,

    "contest": """
    $meet
    One <=season> there was a <contest=contest> <place=outside.at>, and the prize was $a_treasure.
    $friend could <contest.go> {faster|better|just as well}.
    $trade was the judge.

    $scene
    "{Ready, set, go|One, two, three, go}!" {called|cried|shouted} the <trade>$merrily.
    ^<hero> <contest.went> as {fast|well} as <hero.he> could, but $at_last <friend> <hurt=hurt>
    $spot.
    "$oh, my <hurt.part>!" {cried|groaned} <friend>$loudly.
    ^"{Lean on me|Take my hand|I will help you}, <friend>," said <hero>$softly.

    They came in last, but the <trade> gave $the_thing to <hero>.
    "{Helping|Being kind|A good heart} is {better|worth more} than winning," <trade.he> said$softly.
    <friend>, whose <hurt.part> {still hurt|was bandaged|was better now}, {clapped|cheered}
    <=manner>.
    $farewell
    """,

    "newcomer": """
    $meet
    $one_day, @ <=trait> {girl named <friend=girl>|boy named <friend=boy>} moved from
    <village=village> to a house near $outside.
    <friend.he> {did not know anybody|had no friends yet|knew nobody}, and had only $a_toy.

    {After school|The next day|Soon}, <hero> saw <friend> sitting alone $spot <place.at>.
    "Why are you so <sad=sad>, <friend>?" asked <hero>$softly.
    ^"I miss <village>," said <friend>$sadly.
    "{Then|Well, then|Oh, please} play with me! {May I see|Will you show me} your <thing>?" asked
    <hero>$softly.
    $scene
    First <friend> <thing.used> $the_thing <=manner>, and then <hero> <thing.used> <thing.it>
    <=manner>.

    "Will you come to the <place> {again|tomorrow|on <=weekday>}?" asked <friend>$softly.
    ^"$yes! {Bring|Do not forget} the <thing>," {said|answered} <hero>$softly.
    So <friend> was not <sad> any more and did not miss <village> so {much|often}.
    $farewell
    """,

    "lesson": """
    $meet
    $elder had $an_instrument and <thing.used> <thing.it> better than anyone.
    "{Please teach|You must teach} me to <thing.use> <thing.it>," {begged|said} <hero>$softly.
    So they went to $place with $friend.

    $scene
    <hero> tried {all day|for hours|again and again}, but <friend> {laughed|giggled|made jokes}.
    "$oh, I will never <thing.use> $the_thing," said <hero>$sadly.
    "Nobody can learn it in one day," said <hero.his> <elder>$softly.
    So <hero> practiced <place.at> for <weeks=number> weeks.

    After <weeks> weeks, <hero> <thing.used> $the_thing <=manner>, and they all ate $snacks.
    "$wow, how well you <thing.use> <thing.it>, <hero>!" cried <friend>$merrily.
    ^<hero.his> <elder> let <hero.him> keep $the_thing, because <elder.he> was so <=glad>.
    $farewell
    """,
  ]
}
