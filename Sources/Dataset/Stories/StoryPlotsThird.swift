extension StoryPlots {
  static let lastPlots: [String: String] = [
    "lesson": """
    $meet
    <hero.his> <elder=elder> had $a_toy and <thing.used> <thing.it> better than anyone.
    "{Please teach|Can you teach|Will you teach} me to <thing.use> <thing.it>," {begged|said} <hero>.
    "Come to the <place=place> {tomorrow|after school|on <=weekday>}," said <hero.his> <elder>.

    So <hero> {took|carried|brought} $the_thing to the <place> and tried {all day|for hours|again and
    again}.
    But it was {hard|too difficult|not easy}, and $friend {laughed|giggled|made jokes}.
    "I will never learn it," said <hero> $sadly. "The <thing> <thing.is> not for me."
    <hero.his> <elder> {shook|raised} <elder.his> head. "Nobody can <thing.use> <thing.it> in one
    day," <elder.he> said <=adverb>.
    So <hero> went back to the <place> every {morning|evening|afternoon} for <weeks=number> weeks.

    After <weeks> weeks, <hero> <thing.used> $the_thing in front of {everybody|the whole village|a
    crowd}.
    "{How well you|I did not know that you could} <thing.use> <thing.it>, <hero>!" {cried|said}
    <friend>. ^"Will you teach me too?"
    "{Gladly|Of course|Yes}," {laughed|answered|said} <hero>. "Come to the <place> tomorrow."
    <hero.his> <elder> {gave <hero.him>|let <hero.him> keep} $the_thing, because <elder.he> was so
    <glad=glad>.
    """,

    "errand": """
    $meet
    <hero.his> <elder=elder> {was ill and|was too old to walk far and|had a bad cold and} lived {all
    alone|alone} near the <place=place>.
    $one_day, <hero> packed <snack=snack> and $a_treasure into @ <=color> <box=carrier> and set out
    with $friend.

    But on the way <obstacle=obstacle>.
    "{How shall we|How can we|We will never} get to the <place> {now|in time}," {sighed|said}
    <friend>.
    <hero> put down the <box> and {thought hard|looked around|sat on a stone}.
    {Then|Just then|Luckily}, @ <=trait> <trade=trade> came {along|by} with <obstacle.help>.
    "Where are you going?" asked the <trade>.
    ^"To the <place>, with {a <box> full of <snack>|<snack> and @ <thing>} for my <elder>," said
    <hero>.
    The <trade> {nodded|smiled} and <obstacle.past>.
    "$thanks!" said <hero>, and gave the <trade> some of the <snack>.

    <hero.his> <elder> had {looked|waited} for them {all day|for hours} and $elder_glad.
    ^<elder.he> ate the <snack> and put $the_thing {beside the bed|on the shelf|near the window}.
    <hero> {told|explained to} <hero.his> <elder> how the <trade> had come with <obstacle.help>
    {and saved the day|just in time|to help them}.
    "{When I am well|One day}, I will {bake|cook|make} something for the <trade>," said <hero.his>
    <elder> <=adverb>.
    """,
    "elder_glad": """
    was <=glad> when {<hero>|<friend>} {knocked|came in|put the <box> on the table}
    """,

    "newcomer": """
    $meet
    $one_day, @ <=trait> {girl named <friend=girl>|boy named <friend=boy>} moved from
    <village=village> {into a house near|to a street near} the <place=outside>.
    <friend> {did not know anybody|had no friends yet|knew nobody there}, and <friend.he> owned
    {nothing but|only} $a_toy.

    {After school|The next day|Soon}, <hero> saw <friend> sitting {all alone|alone} <place.at>.
    "Why are you so <sad=sad>, <friend>?" asked <hero> <=adverb>.
    ^"I miss <village>," said <friend>. "{Here|At the <place>} I {have nobody to play with|do not
    know anyone}."
    "{You can|Come and} play with me," said <hero>. "{May I see|Can you show me|Will you show me} your <thing>?"
    ^<friend> showed <hero> how to <thing.use> $the_thing.
    First <friend> <thing.used> <thing.it>, and then <hero> <thing.used> <thing.it>, and they
    {laughed|talked|played} until {it was dark|supper time|the stars came out|their mothers called}.

    "Will you come to the <place> {tomorrow|again}?" asked <friend>.
    ^"{Yes|Of course|Certainly}," {said|answered} <hero>, "{and|but} {bring|do not forget} the <thing>!"
    $ever_after, <friend> was not <sad> any more and did not {think of|miss} <village> so {much|
    often}.
    <hero> and <friend> {became|were} {the best of|good|close} friends, and $the_thing <thing.was>
    always with them.
    """,
  ]
}
