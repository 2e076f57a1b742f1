/// Names of people, pets and villages. No name is also an ordinary word of the stories, so that the
/// checker can tell names by themselves.
enum StoryNames {
  static let tables: [StoryLexicon.Source] = [
    StoryLexicon.Source(
      name: "girl", kind: .person,
      shared: ["he": "she", "him": "her", "his": "her", "kind": "girl", "twin": "sister"],
      rows: """
        Ada Agnes Alice Alma Amelia Anna Astrid Beatrice Bella Bertha Bridget Carla Cecily Clara
        Cora Delia Dora Edith Effie Elena Eliza Ella Elsa Emma Esther Etta Eva Fiona Flora Freda
        Gerda Greta Hannah Hattie Heidi Helen Hilda Ida Ingrid Irma Isabel Jane Jenny Joan Josie
        Judith Julia Karin Kate Laura Lena Linda Lisa Lotte Louisa Lucy Lydia Mabel Maria Martha
        Mary Matilda Maud Mia Mina Mira Molly Nadia Nancy Nell Nina Nora Olga Paula Petra Polly
        Rachel Rita Rosa Ruth Sally Sara Sofia Sonia Susan Sylvia Tess Thea Tilda Tina Ursula Vera
        Wanda Wilma Winnie Yara Zara Zelda Zoe
        """),
    StoryLexicon.Source(
      name: "boy", kind: .person,
      shared: ["he": "he", "him": "him", "his": "his", "kind": "boy", "twin": "brother"],
      rows: """
        Aaron Abel Adam Albert Alfred Andrew Anton Arthur Axel Barnaby Ben Bernard Boris Bruno
        Caleb Carl Caspar Cedric Colin Conrad Daniel David Dennis Dominic Edgar Edmund Edward Eli
        Emil Eric Ernest Ethan Felix Ferdinand Finn Floyd Fred Gabriel George Gilbert Gregory Gus
        Hans Harold Harry Harvey Hector Henry Herbert Hugo Ian Isaac Ivan Jacob James Jasper Joel
        John Jonas Joseph Julian Kurt Lars Leo Leonard Lewis Lionel Louis Luke Magnus Marcus
        Martin Matthew Max Milo Morris Nathan Ned Niels Noah Norman Oliver Oscar Otto Owen Paul
        Percy Peter Philip Quentin Ralph Raymond Reuben Robert Roland Rolf Rufus Sam Samuel Saul
        Sidney Silas Simon Stefan Theo Thomas Tim Tobias Toby Tom Ulrich Victor Vincent Walter
        Wilfred Xavier
        """),
    StoryLexicon.Source(name: "child", union: ["girl", "boy"]),
    StoryLexicon.Source(
      name: "pet", kind: .animal,
      rows: """
        Biscuit Bramble Bubbles Buttons Caramel Chirpy Zippy Coco Crumble Domino Dumpling Fidget
        Freckles Flopsy Ginger Gizmo Hazel Jumble Jingle Mopsy Mittens Muffin Nibbles Nutmeg
        Patches Peanut Pebbles Pogo Pickle Pippin Puddles Rascal Scamper Smudge Snowball Socks
        Sparky Speckle Thimble Tubby Toffee Truffle Tumble Wiggles Whiskers
        """),
    StoryLexicon.Source(
      name: "village", kind: .place, shared: ["the": "*", "in": "in *"],
      rows: """
        Alderbrook Ashford Birchfield Bramley Brookdale Cherrywood Coldwell Copperton Cranford
        Dunmore Eastwick Elmbrook Fairhaven Fernhill Foxley Glenmoor Greystone Harwick Hazelton
        Highcliff Kingsbury Larkfield Linwood Littleport Maplewick Marlow Millbury Northfold
        Oakridge Otterburn Pinehurst Ravenwood Redcliff Rosedale Rushmere Silverton Stonebridge
        Thornbury Tidewell Westmere Willowby Winterbourne
        """),
  ]
}
