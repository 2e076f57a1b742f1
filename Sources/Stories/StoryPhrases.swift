/// The rules that several plots share.
enum StoryPhrases {
  static let rules: [String: String] = [
    "story": """
    {$lost|$mended|$rescue|$walk|$sharing|$baking|$gift|$chest|$garden|$contest|$noise|$lesson|
    $errand|$newcomer}
    """,

    // The hero, the hero's home and looks.
    "kid": """
    {@ <trait=trait> girl {named|called} <hero=girl>|@ <trait=trait> boy {named|called} <hero=boy>}
    """,
    "home": "the <=placelook> <home=place>",
    "meet": """
    {
    3:{4:once upon a time|2:long ago|2:once|many years ago} there {was|lived} $kid {near $home|in
    the
    village of <home=village>}.|
    2:<hero=child> was @ <trait=trait> <hero.kind> who lived {near $home|in <home=village>}.|
    1:in the village of <home=village> there {lived|was} $kid.|
    1:this is {the|a} story of $kid, who lived near $home.
    }
    {
    2:<hero.he> had <=hair> hair, wore @ <wearlook=color> <wear=wear> and liked
    {<=hobby>|<=snack>}.|
    2:<hero.he> liked <=hobby> and <=snack>, and {always|often} wore @ <wearlook=color>
    <wear=wear>.|
    1:everybody knew <hero.him> by <hero.his> <=hair> hair and <=size> <wearlook=color> <wear=wear>.
    }
    """,
    "friend": "<hero.his> {<=trait> <=kin>|<=kin>} <friend=child>",
    "sibling": "<hero.his> {little|big|twin} {sister <friend=girl>|brother <friend=boy>}",
    "elder": "<hero.his> {<=trait> <elder=elder>|<elder=elder>}",
    "trade": "@ <=trait> <trade=trade>",
    "place": "the <=placelook> <place=place>",
    "outside": "the <=placelook> <place=outside>",

    // When something happens, and what the day is like.
    "one_day": """
    {4:one <=dayword> {morning|afternoon|day}|2:one <=season> {morning|afternoon|day}|2:one
    <=weekday>|early one morning}
    """,
    "at_last": "{3:at last|2:suddenly|2:just then|after a long while|a moment later}",
    "scene": """
    {
    3:the air smelled of <one=smell> and <=smell>, and @ <=bird> sang in @ <=spotlook> <=tree>.|
    2:<=number> <=color> <=insect> {danced|flew|circled} {over|around|above} the <=flower>, and it
    smelled of <=smell>.|
    2:{under|beside|near} @ <=spotlook> <=tree> grew <one=flower> and <=flower>, and @ <=bird>
    {sang|
    called}.|
    1:the wind {shook|moved} the {<=tree>|<=flower>}, and <=color> <=insect> {danced|flew} {around|
    past}.
    }
    """,
    "farewell": """
    {
    2:that {night|evening}, <hero> hung the <wearlook> <wear> on @ {hook|nail|chair}, ate <=snack>
    and dreamed of <one=dream> and <=dream>.|
    2:the <=moonword> moon rose over <home.the>, and <hero>, still in <hero.his> <wearlook> <wear>,
    dreamed of <one=dream> and <=dream>.|
    2:<hero> {skipped|ran|walked} home to <home.the> in <hero.his> <wear>, eating <=snack> and
    singing
    <=manner> about <=dream>.|
    1:for supper <hero> had <one=snack> and <=snack>, and talked <=manner> about that <=dayword>
    day.
    }
    """,

    // Things, by the looks that suit them.
    "a_hard": "@ <=size> {2:<look=color>|<look=hardlook>} <thing=hard>",
    "a_soft": "@ <=size> {2:<look=color>|<look=softlook>} <thing=soft>",
    "a_toy": """
    {5:@ <=size> {2:<look=color>|<look=hardlook>} <thing=toy>|1:a pair of <=size> <look=color>
    <thing=pair>}
    """,
    "an_instrument": """
    {5:@ <=size> {2:<look=color>|<look=hardlook>} <thing=toy>|1:a pair of <=size> <look=color>
    <thing=gear>}
    """,
    "a_thing": "{3:$a_toy|2:$a_hard|1:$a_soft}",
    "a_treasure": "{2:$a_hard|1:$a_soft}",
    "the_thing": "the {<thing>|<look> <thing>}",
    "spot": "{behind|beside|near|next to|close to} @ <=spotlook> <=spot>",
    "litter": "@ <=junklook> <=junk>",
    "snacks": "<one=snack> and <=snack>",

    // Feelings and talk.
    "softly": "{1:|3: <=adverb>}",
    "sadly": "{1:|3: <=sadly>}",
    "loudly": "{1:|3: <=loudly>}",
    "merrily": "{1:|3: <=merrily>}",
    "comfort": "{do not {cry|worry|be sad}|never mind|cheer up|take heart|be brave}",
    "oh": "{oh|oh dear|dear me|goodness|heavens|alas}",
    "wow": "{oh|my|bravo|hooray|look|well}",
    "was_sad": "{was|felt} {2:|very |so |rather |quite }<sad=sad>",
    "thanks": "{2:thank you|thank you so much|how kind of you|a thousand thanks|many thanks}",
    "yes": "{of course|gladly|certainly|yes|with pleasure|why not}",
    "took": "{took|carried|brought}",
    "looked": "{looked|searched|hunted|rummaged}",
    "ran": "{ran|went|hurried|raced|walked}",
  ]
}
