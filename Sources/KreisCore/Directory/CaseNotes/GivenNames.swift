// SPDX-License-Identifier: EUPL-1.2

/// Given names that are common among children and parents in Germany, in lower case: beside a day they
/// tell a person from a building.
enum GivenNames {
  static let all: Set<String> = Set(list.split(whereSeparator: \.isWhitespace).map(String.init))

  // Left out are names that are as often something else in a directory: August, Mai, Marie-Curie.
  private static let list = """
    aaron abdullah achim adam adrian agnes ahmed ahmet aileen alea alexander alexandra ali alina amelie \
    amina amira amy ana anastasia andrea andreas angela anja anke anna anne anneliese annette anni \
    anton antonia arda artur asya aylin ayla ayşe azra barbara ben benjamin bernd birgit bjarne brigitte \
    can carina carl carla carlotta caroline celina charlotte christian christiane christina clara \
    claudia clemens cornelia daniel daniela david dennis diana dieter dilara dirk dominik doris elena \
    elias elif elina elisabeth ella ellen emil emilia emily emma emre enes erik esra eva fabian fatima \
    fatma felix ferdinand finja finn fiona florian franziska frida friedrich fritz gabriele gerda greta \
    hamza hanna hannah hannes hans harald hasan hassan heike heinz helena helga henri henry ida ilse \
    ina ines inga ingrid irina isabell isabella jakob jan jana janine jannik jannis jasmin jason \
    jennifer jessica joel johanna johannes jonas jonathan josefine julia julian juliane justin jürgen \
    kai karin karl karla katharina kathrin katja kerstin kevin kilian kim klara klaus konstantin \
    kristina lara laura lea leander leni lenia lena lennard lennart leo leon leonie leonard lia liam \
    lilli lilly lina linda linus lisa lisbeth lotta lotte louis louisa luca lucas lucia luis luisa \
    luise lukas luna mads maja malea malia malik malte manfred manuel marc marcel marco margarete maria \
    marie marina mario marius marlene marta martha martin martina marvin mateo mats matteo matilda \
    matthias max maximilian maya mehmet melanie melina melissa mia michael michaela michelle mika mila \
    milan milena mina mira miriam mohamed mohammed monika moritz muhammed murat mustafa nadine nadja \
    nele nelly nico nicole niklas nils nina noah nora ole olivia omar oskar pascal patricia patrick paul \
    paula pauline peter petra philipp pia rafael ralf raphael rebecca renate richard robert romy ronja \
    rosa ruben sabine samira samuel sandra sara sarah saskia sebastian selin selina sibel silke simon \
    sofia sofie sonja sophia sophie stefan stefanie stephan susanne svenja tamara tanja tatjana theo \
    theodor theresa thilo thomas tim timo tina tobias tom toni torsten tristan ulrich ulrike ursula \
    ute valentin valentina vanessa vera verena viktoria vincent vivien werner wilhelm wolfgang yara \
    yasin yasmin yusuf zeynep zoe
    """
}
