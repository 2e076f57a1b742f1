extension StoryPlots {
  static let morePlots: [String: String] = [
    "gift": """
    $meet
    <hero.his> <=kin> <friend=child> had a birthday on <day=weekday>.
    <hero> {wanted|hoped} to buy a present, but <hero.he> had only <money=money>.
    <place=building.at> @ <=trait> <trade=trade> {was selling|sold|had} $a_thing.

    "How much <thing.is> the {|<look> }<thing>?" {asked|said} <hero>.
    ^"<money.price>," {said|answered|replied} the <trade>.
    "I have only <money>," said <hero> $sadly.
    ^The <trade> {thought|smiled|looked at <hero.him>} and said, "If you <chore=chore> for me, the
    <thing> <thing.is> yours."
    So <hero> {stayed <place.at> and <chore.did>|<chore.did> all {day|afternoon|morning}}.
    {In the evening|When that was done|Afterwards}, the <trade> wrapped $the_thing in {paper|cloth|
    straw|silk} and gave <thing.it> to <hero>.

    On <day>, <friend> opened the present and {could not believe it|laughed|jumped for joy|clapped}.
    "{Oh, <hero>, what a surprise|Just what I wanted|How lovely}!" cried <friend>. ^"{$thanks|I will
    take good care of the <thing>}!"
    ^<hero> was <glad=glad>, and so was the <trade> when <hero.he> {told <trade.him> about it|came back
    to the <place>}.
    $ever_after, <friend> {never went anywhere without|kept|took good care of} $the_thing.
    """,

    "chest": """
    $meet
    Everybody said that @ {rich|old|mysterious|famous} <trade=trade> had hidden a treasure
    <place=place.at>.
    $one_day, <hero> and $friend {dug there|were playing there|looked there} and found $a_box.

    The <thing> was locked, but {on the lid|on the side} somebody had {written|scratched}: "The key
    is <spot=spot>."
    "{Let us look|We must look} for the key," {said|whispered} <hero>.
    <friend> {looked|searched} <=spot>, but {there was no key|the key was not there}.
    Then <hero> {looked|searched} <spot> and {found|saw} @ {little|tiny|rusty|old} key.
    "I have it!" {cried|shouted} <hero>, and {ran|hurried} back to the <thing>.
    ^With {shaking|trembling|cold|dirty} hands, <friend> {opened|unlocked} $the_thing.

    It was full of {silver|gold|jewels|coins|old letters|pearls|pictures}.
    "{All this belongs|It belongs} to the <trade>," said <hero>. "We must {give it back|tell
    <trade.him>}."
    So they {carried|brought|pulled} $the_thing to the <trade>, who had {looked for it|missed it|
    thought about it} for <=number> years.
    The <trade> {was so <glad=glad> that|thanked <hero> and <friend>, and} <trade.he> gave {each of
    them|them} a {reward|gold coin|bag of <=snack>}.
    {<hero> and <friend>|The two friends} often went back to the <place>, but they never found another
    treasure.
    """,

    "garden": """
    $meet
    In <season=season>, <hero> and <hero.his> <elder=elder> planted <=number> rows of <crop=crop>
    near the <place=outside>.
    <hero> {watered|looked after|weeded} the <crop> every {morning|day|evening}, and {soon|before
    long} they were {tall|big|growing well}.

    But one {night|morning} @ {hungry|big|thin|sly} <animal=animal> came and {ate|trampled|
    nibbled} half of the <crop>.
    "{Who has been here|What happened to my <crop>|Where are my <crop>}?" cried <hero>.
    ^"It was the <animal>," said <hero.his> <elder>. "It lives in @ <animal.home> near the <place>."
    <hero> {was angry|$was_sad}, {but|and yet} <hero.he> felt sorry for the <animal>, because it was
    {hungry|so thin|all alone}.
    "I {have an idea|know what to do}," said <hero>. "Let us give it <animal.food> every
    {morning|evening|day}."
    So <hero> {put|left} <animal.food> <place.at>, and the <animal> <animal.sound> {happily|and ate it
    all|with delight}.

    $ever_after, the <animal> left the <crop> alone.
    {When <=season> came|That year}, there were so many <crop> that they filled @ <look=color>
    <thing=box>.
    "Every <crop.one> is {perfect|beautiful|bigger than my head}!" {said|laughed} <hero>.
    ^<hero> gave the {first|best|biggest} <crop.one> to <hero.his> <elder>, and {the next one|one more}
    to the <animal>.
    """,

    "contest": """
    $meet
    Every <=season> there was a <contest=contest> <place=outside.at>, and this time the prize was
    $a_treasure.
    <hero> practiced every day, but $friend could <contest.go> {faster|better|just as well}.
    @ <=trait> <trade=trade> was the judge.

    When the {great|big} day came, {everybody|the whole village|a large crowd} {went|hurried} to the
    <place>.
    "{Ready, set, go|One, two, three, go}!" {called|cried|shouted} the <trade>.
    ^<hero> <contest.went> as {fast|well} as <hero.he> could, but <friend> was {ahead|in front|just
    behind <hero.him>}.
    $at_last <friend> <hurt=hurt>.
    "{Ouch|Oh}, my <hurt.part>!" {cried|groaned} <friend>.
    ^<hero> {stopped|turned around|came back} at once. "{Lean on me|Take my hand|I will help you},
    <friend>," <hero.he> said.
    They came in last, {hand in hand|side by side|together}.

    But the <trade> gave {the prize|$the_thing} to <hero>.
    "{You did not win|You were not the fastest}, but {helping|being kind} is {better|worth more} than
    winning," <trade.he> said <=adverb>.
    <friend>, whose <hurt.part> {still hurt|was bandaged|was better now}, {clapped|cheered} for
    <hero>.
    {They agreed to share|<hero> shared} $the_thing, and <friend> had <thing.it> every {other
    week|second day|Sunday}.
    """,

    "noise": """
    $meet
    $one_day, <hero> and $sibling went to stay with their <elder=elder>, who lived near the
    <place=place>.
    In their {room|bedroom} stood $a_box.

    {At midnight|In the middle of the night|Late at night} <hero> {woke up|could not sleep} and heard
    a {strange|funny|soft|loud} noise: <noise=noise>, <noise>, <noise>.
    "{Do you hear that|What is that|Who is there}, <friend>?" whispered <hero>.
    ^"It comes from the <thing>," {said|whispered} <friend>.
    "{Maybe|Perhaps} it is @ {ghost|monster|thief|goblin|witch}."
    They {hid under the covers|held hands|shivered with fear}, but the noise went on: <noise>,
    <noise>, <noise>.
    {Finally|In the end}, <hero> lit a candle, went to $the_thing and {opened it|lifted the lid|
    looked inside}.

    There sat @ {little|small|frightened|young} <animal=animal>, which <animal.sound>.
    "It is only @ <animal>!" laughed <friend>. ^"It {must be|looks} hungry."
    They gave it <animal.food>, and {in the morning|at sunrise} they {took|carried} the <animal> to the
    <place>, where it had its <animal.home>.
    "{You were very brave|How brave you are}, <hero>," said their <elder>.
    $ever_after, <hero> was not afraid when something went <noise>, <noise>, <noise> in the night.
    """,
  ]
}
