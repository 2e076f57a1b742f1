/// The plots: one rule a plot, one line a sentence. People, things and places are brought in by the first
/// paragraph (or later by "a" or "named"), so that everything after it is a reference.
enum StoryPlots {
  static let rules: [String: String] = [
    "lost": """
    $meet
    <hero.he> had $a_thing, {a gift from|a present from|given to <hero.him> by} <hero.his>
    <elder=elder>.
    $one_day, <hero> {took|carried|brought} <thing.it> to the <place=place> {to play with|to meet}
    $friend.

    But when {it was time to go home|the sun went down|it grew dark|evening came}, <hero> could not
    find $the_thing {anywhere|any more}.
    {"Where <thing.is> my {|<look> }<thing>?" {asked|cried} <hero>|"My <thing> <thing.is> gone!"
    {cried|sobbed} <hero>|"I have lost my {|<look> }<thing>," said <hero> $sadly}.
    ^<hero.he> $was_sad, because <thing.they> had come from <hero.his> <elder>.
    "$comfort, <hero>," said <friend> <=adverb>.
    "{We will find|Let us look for} <thing.it> together."
    They {looked|searched} <=spot>, {but there was nothing but $litter|but found only $litter}.
    Then <hero> {looked|searched} <=spot>, while <friend> {looked|searched} <=spot>.

    $at_last <friend> {shouted|called|cried}, {"Look, <hero>!|"Come quickly!|"Over here!} I {have
    found|can see} the <thing>!"
    ^$the_thing <thing.was> {lying|hidden} <=spot> <place.at>.
    <hero> {hugged|thanked} <friend> and $glad_again.
    $ever_after, <hero> {always kept an eye on|took better care of|never forgot} $the_thing when
    <hero.he> went to the <place>.
    """,
    "litter": "{dust|stones|dry leaves|@ beetle|@ spider|an old shoe|mud|twigs|feathers|acorns|weeds}",

    "mended": """
    $meet
    {<hero.his> favorite toy was|<hero.he> loved nothing more than} $a_toy.
    Every day <hero.he> <thing.used> <thing.it> <place=outside.at> with $friend.
    {Not far away|Next door|Nearby|At the end of the lane} lived @ <=trait> <trade=trade>.

    $one_day {<friend> bumped into <hero>|<hero> tripped over a root|<hero> slipped on the wet
    ground|<hero> was not careful}, and $the_thing fell {to the ground|on a stone|on the hard
    ground} and broke.
    "{Oh no|Oh dear|What a pity}!" cried <hero>. ^"Now I can never <thing.use> <thing.it> again."
    "{Let us take|We could take} the <thing> to the <trade>," said <friend> <=adverb>.
    So they {ran|went|hurried} to the <trade> and told <trade.him> what had happened.
    The <trade> looked at $the_thing and {nodded|smiled|thought for a while}.
    "I can mend <thing.it> with <trade.tool>," <trade.he> said.

    ^<trade.he> worked {all afternoon|for an hour|until evening|long and hard}, and then the <thing>
    <thing.was> {as good as new|whole again|better than before}.
    "$thanks!" said <hero>, and gave the <trade> {a bag of|a plate of|some} <=snack>.
    {Soon|The next day} <hero> and <friend> were back <place.at>, and <hero> <thing.used> $the_thing
    {until dark|all day long|with a happy heart|once more}.
    """,

    "rescue": """
    $meet
    $one_day, <hero> {walked|went} to the <place=outside> with <hero.his> <elder=elder>.
    There they {found|saw|came upon} @ {little|small|young|poor} <animal=animal> that
    <trouble=trouble>.

    The <animal> <animal.sound> {sadly|weakly|again and again|as if to ask for help}.
    "{Poor thing|Poor little <animal>|Look at the poor <animal>}!" {said|cried} <hero>. ^"We must help
    it."
    So <hero> {carefully|gently|quickly} <trouble.solve>, and <hero.his> <elder> gave it
    <animal.food>.
    "{What shall we call it|What is its name}?" asked <hero.his> <elder>.
    "{I will call it <pet=pet>|Its name is <pet=pet>}," said <hero>.
    They {took|carried|brought} <pet> home and looked after it for <=number> {days|weeks}.

    {Soon|Before long|After that time} <pet> was well again and went back to its <animal.home> near
    the <place>.
    <hero> $was_sad to see it go.
    But {every {morning|evening|Sunday|week}|in the {spring|summer|autumn}} the <animal> came to
    <hero>, who always had <animal.food> for it.
    Whenever <hero> {walked|came} to the <place>, <pet> <animal.sound>, because it {had not forgotten|
    remembered|loved} <hero>.
    """,

    "walk": """
    $meet
    $one_day, <hero> and $friend {set out for|started for|wanted to go to} the <place=place>, where
    <hero.his> <elder=elder> was waiting.
    They {took|carried} <snack=snack> in @ {2:<look=color>|<look=hardlook>} <thing=carrier>.

    They were {halfway there|not far from home|only a mile away|still a long way off} when
    <weather=weather>.
    Soon {both of them|<hero> and <friend>} were {very |quite |terribly |}<weather.made>.
    "I am so <weather.made>," {said|sighed|groaned} <hero>. "How far is it to the <place>?"
    "It is still {far|a long way|an hour}," said <friend>, "but I know @ <shelter=shelter> where we can
    rest."
    They {ran|hurried} to the <shelter>, opened $the_thing and ate the <snack>.
    {When it was over|When they felt better|An hour later}, they left the <shelter> and went on.

    <hero.his> <elder> {met|was glad to see} them <place.at>.
    "You are <weather.made>!" <elder.he> said. ^"You need <weather.cure>."
    ^{Soon|In a little while|Before long} <hero> was <weather.then> again, and so was <friend>.
    They {sat|stayed} <place.at> {until evening|all afternoon|for a long time}, and <hero> told
    <hero.his> <elder> {about the <shelter>|how they had run to the <shelter>|why the <thing> was
    empty}.
    """,

    "sharing": """
    $meet
    $one_day, <hero> and $sibling got $a_toy from their <elder=elder>.
    They {took|carried} <thing.it> to the <place=outside>.

    But {both|each} of them wanted to <thing.use> $the_thing first.
    "{It is my turn|Let me try|I am first}!" {cried|shouted} <hero>.
    ^"No, {it is mine|I want to <thing.use> <thing.it>|give me the <thing>}!" {cried|shouted}
    <friend>.
    ^They {pulled and pushed|argued|quarreled} until {<friend> began to cry|both of them were angry|
    <hero> fell down}.
    "If you fight over the <thing>, nobody can <thing.use> <thing.it>," said their <elder>.
    <hero> {thought for a while|was ashamed|looked at <hero.his> feet|grew quiet} and said <=adverb>,
    ^"You may <thing.use> <thing.it> {today|first|until noon}, <friend>, and I will <thing.use>
    <thing.it> {tomorrow|later|after you}."

    So <friend> <thing.used> $the_thing <place.at>, and <hero> {watched|waited|clapped} <=adverb>.
    Then <friend> gave the <thing> to <hero> and said, "$thanks, <hero>."
    Their <elder> was so <glad=glad> that <elder.he> {bought|gave|brought} them <=snack>.
    $ever_after, <hero> and <friend> {always took turns with|never fought over|shared} $the_thing.
    """,

    "baking": """
    $meet
    <hero.his> <elder=elder> made the best <dish=dish> in the {village|land|country|world}.
    @ <=trait> <trade=trade> {lived|worked} <place=building.at>, {just down the road|not far away|
    nearby}.
    $one_day, they wanted to make <dish> for $friend, who was {ill|coming to visit|having a party|
    always hungry}.

    But {when they looked|there was a problem}: they had no <dish.need>.
    "We cannot make <dish> without <dish.need>," said <hero.his> <elder>. "{Run|Go|Please go} to the
    <place> and ask the <trade>."
    So <hero> {ran|hurried|walked} to the <place>.
    "{May|Could|Can} I have <dish.from>?" <hero.he> asked the <trade> <=adverb>.
    ^"{Of course|Gladly|Certainly|Yes}," said the <trade>, "if you <chore=chore> for me."
    So <hero> <chore.did>, and the <trade> gave <hero.him> <dish.from>.

    {Soon|Before long|An hour later} the whole {house|kitchen} smelled of <dish>.
    <hero> {took|carried|brought} the <dish> to <friend>, who ate {every bit|until nothing was left|
    <=number> {plates|helpings}}.
    "<dish.this> the best <dish> I have ever had," said <friend>.
    The <trade> got some <dish> too, because <trade.he> had given them the <dish.need>.
    """,
  ].merging(morePlots) { $1 }.merging(lastPlots) { $1 }
}
