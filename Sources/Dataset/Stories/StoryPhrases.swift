/// The rules that several plots share.
enum StoryPhrases {
  static let rules: [String: String] = [
    "story": """
    {$lost|$mended|$rescue|$walk|$sharing|$baking|$gift|$chest|$garden|$contest|$noise|$lesson|
    $errand|$newcomer}
    """,

    // The hero and the hero's home.
    "kid": """
    {@ <trait=trait> girl {named|called} <hero=girl>|@ <trait=trait> boy {named|called} <hero=boy>}
    """,
    "meet": """
    {
    3:{4:once upon a time|2:long ago|2:once|many years ago} there {was|lived} $kid {near the
    <home=place>|in the village of <home=village>}.|
    2:<hero=child> was @ <trait=trait> <hero.kind> who lived {near the <home=place>|in
    <home=village>}.|
    1:in the village of <home=village> there {lived|was} $kid.|
    1:this is {the|a} story of $kid, who lived near the <home=place>.
    }
    """,
    "friend": "<hero.his> <=kin> <friend=child>",
    "sibling": "{<hero.his> {little|big|twin} {sister <friend=girl>|brother <friend=boy>}}",

    // When something happens.
    "one_day": """
    {4:one day|2:one <=season> {morning|afternoon|day}|2:one <=weekday>|one fine {morning|day}|
    early one morning}
    """,
    "at_last": "{3:at last|2:suddenly|2:just then|after a long while|a moment later}",
    "ever_after": "{2:from that day on|2:from then on|after that|ever since}",

    // Things, by the looks that suit them.
    "a_hard": "@ {2:<look=color>|<look=hardlook>} <thing=hard>",
    "a_soft": "@ {2:<look=color>|<look=softlook>} <thing=soft>",
    "a_toy": """
    {5:@ {2:<look=color>|<look=hardlook>} <thing=toy>|1:a pair of <look=color> <thing=pair>}
    """,
    "a_thing": "{3:$a_toy|2:$a_hard|1:$a_soft}",
    "a_treasure": "{2:$a_hard|1:$a_soft}",
    "a_box": "@ {2:<look=color>|<look=hardlook>} <thing=box>",
    "the_thing": "the {2:<thing>|<look> <thing>}",

    // Feelings and talk.
    "sadly": "{sadly|with tears in <hero.his> eyes|in a small voice|with a sigh}",
    "comfort": "{do not {cry|worry|be sad}|never mind|cheer up|take heart}",
    "was_sad": "{was|felt} {2:|very |so |rather }<sad=sad>",
    "glad_again": "{was <glad=glad> again|was no longer <sad>|felt <glad=glad> at last}",
    "laughed": "{laughed|smiled|clapped <hero.his> hands|danced for joy}",
    "thanks": "{2:thank you|thank you so much|how kind of you|a thousand thanks}",
  ]
}
