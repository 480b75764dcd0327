// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import Testing

struct CaseNoteTests {
  @Test(
    arguments: [
      ("Lena Beispiel, geb. 12.03.2015", CaseNote.birth), ("geboren am 1.2.19", .birth),
      ("Kind *03.04.2021, wohnt bei der Oma", .birth), ("Geburtsdatum: 2015-03-12", .birth),
      ("geb. 12. März 2015 in Halver", .birth), ("Emma B. (12.03.2020) braucht", .birth),
      ("Rückruf wegen Leon Beispiel 12.03.2020", .birth),
      ("Aktenzeichen 51.2-1234/19", .fileNumber), ("Az.: 51/123", .fileNumber),
      ("siehe AZ 51-02-17", .fileNumber), ("Az.:12-34/5 anfordern", .fileNumber),
      ("Fallnummer 4711", .fileNumber), ("Beschluss 12 F 345/20 liegt vor", .fileNumber),
      ("Fall-Nr. 2019/33", .fileNumber),
      ("Kindeswohlgefährdung bei Familie Beispiel", .report),
      ("Kindeswohlgefährdung bei der Familie B.", .report),
      ("Verdacht auf Kindeswohlgefährdung bei Lena", .report),
      ("Verdacht auf Missbrauch durch Herrn Beispiel", .report),
      ("8a-Meldung zu Familie Beispiel", .report),
      ("Inobhutnahme des Kindes Tjorven am Montag", .report),
      ("Kindeswohlgefährdung: Frau Beispiel trinkt", .report),
      ("Kindeswohlgefährdung bei Tjorven Beispiel", .report),
    ])
  func `notes about a case are found`(text: String, sign: CaseNote) {
    #expect(CaseNote.signs(in: text).contains(sign), "\(CaseNote.signs(in: text))")
  }

  @Test(
    arguments: [
      "Indikatorenstandards Kindeswohlgefährdung",
      "Vorgehen bei Verdacht auf Kindeswohlgefährdung",
      "Beratung durch die insoweit erfahrene Fachkraft bei Kindeswohlgefährdung (§ 8a SGB VIII)",
      "Kindeswohlgefährdung bei Kindern unter drei Jahren: Fortbildung am 12.03.2026",
      "Kindeswohlgefährdung in der Familie erkennen", "Inobhutnahme durch das Jugendamt",
      "Gefährdungseinschätzung bei Säuglingen und Kleinkindern",
      "ungerade Kalenderwochen: Dienstag 9:00-11:30 Uhr", "0221 / 4710 244", "(02 21) 4710 442",
      "gegründet am 12.03.1998", "Netzwerk seit 2009, Auftakt am 21.05.2014 im Ratssaal",
      "Familienzentrum St. Martin, 12.03.2010 zertifiziert", "Geboren in Haltern am See",
      "Geboren in Haltern am See - der Begrüßungsbesuch", "Mo 8-12 Uhr, Do 14:00–17:30 Uhr",
      "Bundeskinderschutzgesetz, in Kraft seit 01.01.2012", "Vereinsregister VR 1234",
      "Rathaus Herten, 21.05.2014", "58553 Halver, Frankfurter Straße 45",
      "418 Kinder von 0 bis 3 Jahren im SGB-II-Bezug, Durchschnitt 2010",
      "A-Z der Frühen Hilfen, Band 2", "Auffrischung: Schutz vor Missbrauch für Eltern und Kinder",
      "Zimmer 2.12, Anmeldung bei Frau Beispiel unter 0221 4710-537", "Art. 6 Abs. 1 e DSGVO",
    ])
  func `what only names a subject, a time or a number is no case`(text: String) {
    #expect(CaseNote.signs(in: text) == [])
  }

  @Test(arguments: 1...20)
  func `the quick look misses no sign that the words tell of`(seed: UInt64) {
    var generator = SplitMix(state: seed)
    let parts = [
      "geb.", "geboren", "am", "*", "Geburtsdatum:", "Lena", "Emma", "B.", "St.", "12.03.2015",
      "1.2.19", "2015-03-12", "12.", "März", "MÄRZ", "Ma\u{308}rz", "Mai", "august", "2015", "15",
      "Az.:", "AZ", "az", "Gz", "Aktenzeichen", "Akten-Nr", "Fall-Nr.", "Fallnummer",
      "Geschäftszeichen", "51-12/19", "4711", "12", "F", "345/20", "Kindeswohlgefährdung",
      "MISSBRAUCH", "Misshandlung", "Vernachlässigung", "Inobhutnahme", "8a-Meldung", "bei", "der",
      "Familie", "Herrn", "Beispiel", "Platz", "Uhr", "9:00-13:00", "(", ")", ",", "–", "é",
    ]
    for _ in 0..<500 {
      let count = Int.random(in: 1...8, using: &generator)
      let text = (0..<count).map { _ in
        (parts.randomElement(using: &generator) ?? "") + (Bool.random(using: &generator) ? " " : "")
      }.joined()
      #expect(CaseNote.signs(in: text) == CaseNote.signsByWord(in: text), "\(text)")
    }
  }

  @Test func `a warning names the field and repeats nothing of the text`() throws {
    let kind = try Schema.directory.kind(named: "organization")
    let values = [
      FieldValue(try kind.field(named: "name"), "Kita Löwenzahn"),
      FieldValue(try kind.field(named: "note"), "Lena Beispiel, geb. 12.03.2015, Az. 51/12"),
      FieldValue(try kind.field(named: "external_id"), "Az. 51/12"),
    ]
    let warnings = kind.caseNotes(in: values)
    #expect(warnings.count == 2)
    #expect(warnings.allSatisfy { $0.hasPrefix("note: ") && !$0.contains("Lena") })
  }
}
