// SPDX-License-Identifier: EUPL-1.2

/// Signs that a free text is about a case: a child, a family, a file. The directory has no place for
/// such notes; a warning asks whoever writes one to take it out.
///
/// Looks for names with a day of birth, file numbers, and what is reported of somebody. What only
/// names a subject (`Indikatorenstandards Kindeswohlgefährdung`) is no sign.
package enum CaseNote: Hashable, Sendable {
  /// A person's day of birth.
  case birth
  case fileNumber
  /// Something reported of a person or family.
  case report

  /// The sorts of signs in a text, each once, in their order.
  package static func signs(in text: String) -> [CaseNote] {
    CaseNoteHints.mayHold(text) ? signsByWord(in: text) : []
  }

  /// The same without the quick look.
  package static func signsByWord(in text: String) -> [CaseNote] {
    let words = CaseNoteWords(text)
    var found: [CaseNote] = []
    for index in words.indices {
      guard
        let sign = birth(words, at: index) ?? fileNumber(words, at: index)
          ?? report(words, at: index), !found.contains(sign)
      else { continue }
      found.append(sign)
    }
    return found
  }

  /// The German sentence for whoever wrote the text. It repeats nothing of it: reports are kept and
  /// passed on.
  ///
  /// - Parameter field: where it stands, as people call it.
  package func warning(field: String) -> String {
    let what =
      switch self {
      case .birth: "dem Geburtstag einer Person"
      case .fileNumber: "einem Aktenzeichen"
      case .report: "einem Vorgang über eine Person"
      }
    return "\(field): das sieht nach \(what) aus. Das Verzeichnis nimmt keine Falldaten auf;"
      + " bitte entfernen, wenn es um einen Fall geht."
  }

  // MARK: - Births

  private static let birthWords: Set<String> = [
    "geb", "geboren", "geburtsdatum", "geburtstag", "gebdat", "geb.datum",
  ]

  /// After these a given name is the name of a house.
  private static let patronages: Set<String> = ["st", "sankt", "kita", "haus", "familienzentrum"]

  private static func birth(_ words: CaseNoteWords, at index: Int) -> CaseNote? {
    let word = words[index]
    var next = index + 1
    if birthWords.contains(word.lower) || word.text == "*" {
      while let follower = words.optional(next), ["am", "dat", "*"].contains(follower.lower) {
        next += 1
      }
      return words.hasDate(at: next) ? .birth : nil
    }
    // Without such a word only a given name tells a person from a building that opened on that day.
    guard word.isName, GivenNames.all.contains(word.lower),
      !(words.optional(index - 1).map { patronages.contains($0.lower) } ?? false)
    else { return nil }
    if let surname = words.optional(next), surname.isName || surname.isInitial { next += 1 }
    return words.hasDate(at: next) ? .birth : nil
  }

  // MARK: - Files

  private static let fileWords: Set<String> = [
    "aktenzeichen", "az", "aktennummer", "akten-nr", "aktennr", "fallnummer", "fall-nr", "fallnr",
    "fallakte", "geschäftszeichen", "gz",
  ]

  private static func fileNumber(_ words: CaseNoteWords, at index: Int) -> CaseNote? {
    if fileWords.contains(words[index].lower) {
      for next in (index + 1)...(index + 3) {
        guard let number = words.optional(next) else { return nil }
        if number.text.contains(where: \.isNumber) { return .fileNumber }
        guard ["nr", "-", "nummer"].contains(number.lower) || number.text.count <= 2 else {
          return nil
        }
      }
    }
    // A family court's: 12 F 345/20.
    guard words[index].isNumber, let register = words.optional(index + 1), register.text == "F",
      let number = words.optional(index + 2), number.isSlashedNumber
    else { return nil }
    return .fileNumber
  }

  // MARK: - Reports

  private static let matters = [
    "kindeswohlgefährdung", "misshandlung", "missbrauch", "missbrauchs",
    "vernachlässigung", "inobhutnahme", "gefährdungsmeldung", "8a-meldung",
    "gefährdungseinschätzung",
  ]
  private static let links: Set<String> = [
    "bei", "in", "von", "des", "der", "durch", "zu", "für", "gegen",
  ]
  private static let persons: Set<String> = [
    "familie", "frau", "herr", "herrn", "kind", "kindes", "mutter", "vater", "sohn", "sohnes",
    "tochter", "säugling", "baby", "geschwister", "geschwistern", "zwillinge", "zwillingen",
  ]

  /// `Kindeswohlgefährdung bei Familie B.`, `Verdacht auf Missbrauch durch Herrn …`: the matter, a
  /// link, and a person.
  private static func report(_ words: CaseNoteWords, at index: Int) -> CaseNote? {
    let word = words[index].lower
    guard matters.contains(where: { word.hasSuffix($0) }) else { return nil }
    var next = index + 1
    let isLinked = words.optional(next).map { links.contains($0.lower) } ?? false
    if isLinked { next += 1 }
    while let article = words.optional(next), articles.contains(article.lower) { next += 1 }
    return isPerson(words, next, isLinked: isLinked) ? .report : nil
  }

  private static let articles: Set<String> = [
    "der", "dem", "den", "des", "einer", "einem", "kleinen",
  ]

  private static func isPerson(_ words: CaseNoteWords, _ index: Int, isLinked: Bool) -> Bool {
    guard let word = words.optional(index) else { return false }
    let name = words.optional(index + 1).flatMap { $0.isName || $0.isInitial ? $0 : nil }
    // „in der Familie“ alone may be the subject of a lecture; with a name it is somebody.
    if persons.contains(word.lower) { return name.map { !subjects.contains($0.lower) } ?? false }
    guard isLinked else { return false }
    if word.isInitial || word.isName && GivenNames.all.contains(word.lower) { return true }
    // Two names in a row that are no subject of a training.
    guard word.isName, let name else { return false }
    return !subjects.contains(word.lower) && !subjects.contains(name.lower)
  }

  /// What trainings, concepts and duties are about.
  private static let subjects: Set<String> = [
    "kindern", "kinder", "kleinkindern", "säuglingen", "jugendlichen", "eltern", "familien",
    "menschen", "mädchen", "jungen", "trennung", "verdacht", "schulen", "kitas", "fachkräfte",
    "fachkräften", "behinderung", "jugendamt", "jugendamtes", "jugendämter", "jugendhilfe",
    "landkreis", "kreis", "stadt", "gemeinde", "polizei", "gesundheitsamt", "kreisjugendamt",
    "kreises", "träger", "trägern", "kindertageseinrichtungen", "kindertagespflege", "frühen",
    "hilfen", "sozialen", "dienst", "dienste", "netzwerk", "netzwerks", "netzwerken", "vereinen",
    "schulleitungen", "lehrkräften", "ärzten", "ärztinnen", "hebammen", "risikofaktoren", "armut",
    "sucht", "häuslicher", "gewalt", "psychisch", "schwangeren", "schwangerschaft",
  ]
}
