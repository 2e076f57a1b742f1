extension StoryPlots {
  /// Somebody sets out, searches, plants or is frightened.
  static let adventurePlots: [String: String] = [
    "walk": """
    $meet
    $one_day, <hero> and $friend set out for $place, where <hero.his> <elder=elder> was waiting.
    They $took <snack=snack> in @ <=size> <look=color> <thing=carrier>.

    $scene
    {Halfway there|After a mile|After an hour|On the way}, <weather=weather>.
    "$oh, I am so <weather.made>. How far is it to the <place>?" asked <hero>$softly.
    "{Still a long way|An hour more|Too far}," said <friend>$softly, "but I see @ <=spotlook>
    <shelter=shelter>."
    They $ran to the <shelter>, found $litter, opened $the_thing and ate the <snack>.

    <hero.his> <elder> met them <place.at>.
    "You are <weather.made>! You need <weather.cure>," <elder.he> said$softly.
    ^{Soon|In a little while|Before long} <hero> was <weather.then> again, and so was <friend>.
    $farewell
    """,

    "chest": """
    $meet
    People said that @ <=rich> <trade=trade> had hidden a treasure <place=place.at>.
    $one_day, <hero> and $friend found @ <=size> {2:<look=color>|<look=hardlook>} <thing=lockable>
    there.

    On it somebody had {written|scratched}: "The key is <way=way> @ <spotlook=spotlook>
    <spot=spot>."
    <friend> $looked $spot and found only $litter.
    Then <hero> $looked <way> the <spotlook> <spot> and found @ <=junklook> key.
    "I have it!" {cried|shouted} <hero>$merrily.
    ^With {shaking|trembling|cold|dirty} hands, <friend> {opened|unlocked} $the_thing.
    $scene

    It was full of {silver|gold|jewels|coins|letters|diamonds|pictures|rubies}.
    "It belongs to the <trade>. We must give it back," said <hero>$softly.
    The <trade>, who had missed $the_thing for <=number> years, was <=glad> and gave them $snacks.
    $farewell
    """,

    "garden": """
    $meet
    In <=season>, <hero> and $elder planted <=number> rows of <crop=crop> near $outside.

    $scene
    But {one night|one morning|on <=weekday>} @ <=hungry> <animal=animal> came and {ate|trampled|
    nibbled} the <crop>.
    "$oh, who has eaten my <crop>?" cried <hero>$loudly.
    ^"It was the <animal>. It has a <animal.home> near the <place>," said <hero.his> <elder>$softly.
    <hero> $was_sad, but felt sorry for the <animal> too.
    So <hero> left <animal.food> $spot, and the <animal> <animal.sound> <=manner>.

    {When <=season> came|That year}, the <crop> filled <=number> <=color> {baskets|boxes|buckets|
    barrels}.
    "$wow, every <crop.one> is {perfect|beautiful|bigger than my head}!" {said|laughed}
    <hero>$merrily.
    ^The {biggest|last|prettiest} <crop.one> was for the <animal>.
    $farewell
    """,

    "noise": """
    $meet
    $one_day, <hero> and $sibling went to stay with their <=trait> <elder=elder> near $place.
    In their room stood @ <=size> {2:<look=color>|<look=hardlook>} <thing=furniture>.

    {At midnight|In the night|Late at night} they heard a {strange|funny|soft|loud} noise:
    <noise=noise>, <noise>, <noise>.
    "It comes from the <thing>. {Maybe|Perhaps} it is @ <=ghost>," whispered <friend>$sadly.
    They {hid under the covers|held hands} and thought of <one=dream> and <=dream>.
    {Finally|In the end}, <hero> put on the <wearlook> <wear> and opened $the_thing <=manner>.

    Inside sat @ <=young> <animal=smallanimal>, which <animal.sound> <=manner>.
    "It is only @ <animal>," laughed <friend>$merrily.
    They gave it <animal.food> and $took it to its <animal.home> near the <place>.
    $scene
    From then on, <hero> was not afraid when something went <noise>, <noise>, <noise>.
    $farewell
    """,

    "errand": """
    $meet
    $elder lived all alone near $place.
    $one_day, <hero> packed <snack=snack> and $a_treasure into @ <=color> <box=carrier> and set out
    with $friend.

    But <obstacle=obstacle>.
    "$oh, how shall we get to the <place>?" {sighed|asked} <friend>$sadly.
    ^<hero> put the <box> down $spot and {thought|looked around|waited} <=manner>.
    {Then|Just then|Luckily}, $trade came {along|by} with <obstacle.help>.
    $scene
    "We must go to the <place> with {my <box>|these <snack>}," said <hero>$softly.
    So the <trade> <obstacle.past>, and <hero> gave <trade.him> some of the <snack>.

    <hero.his> <elder> was <=glad> and put $the_thing $windowsill.
    "I will {bake|cook|make} something for the <trade>," <elder.he> said$softly.
    $farewell
    """,
    "windowsill": "{beside the bed|on the shelf|near the window|above the stove}",
  ]
}
