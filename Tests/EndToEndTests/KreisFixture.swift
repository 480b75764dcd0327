// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
import Testing

/// A Kreis of the fixtures, with what is easy to get wrong about it.
struct KreisFixture: CustomTestStringConvertible, Sendable {
  /// What one field says, as another replica than its author's shows it.
  struct Fact: Sendable {
    let at: String
    let key: String
    let field: String
    let text: String

    init(_ at: String, _ key: String, _ field: String, _ text: String) {
      self.at = at
      self.key = key
      self.field = field
      self.text = text
    }
  }

  let folder: String
  let title: String
  let ags: String
  let towns: [Kreis.Town]
  /// Whether the hub begins with the default categories instead of its own.
  let usesVocabulary: Bool
  /// A bound below the number of values that are compared over all replicas.
  let fewestValues: Int
  let facts: [Fact]
  let check: @Sendable (Kreis) throws -> Void

  var testDescription: String { title }

  static let all = [maerkischerKreis, recklinghausen, hochsauerland]

  // MARK: - Märkischer Kreis

  /// Two of its eight towns; the facts are those of the hub, which is the Kreisjugendamt's.
  private static let maerkischerKreis = KreisFixture(
    folder: "maerkischer-kreis", title: "Märkischer Kreis", ags: "05962",
    towns: Kreis.towns.filter { ["halver", "kierspe"].contains($0.name) },
    usesVocabulary: false, fewestValues: 10_000,
    facts: [
      Fact(
        "halver", "maerkischer-kreis", "hub_operator_id",
        "Kreisjugendamt, Fachdienst Soziale Dienste"),
      Fact("halver", "netzwerk-west", "municipalities", "Halver, Schalksmühle"),
      Fact("halver", "netzwerk-nord", "municipalities", "Balve, Neuenrade"),
      Fact("halver", "netzwerk-sued", "municipalities", "Kierspe, Meinerzhagen"),
      Fact("halver", "netzwerk-herscheid", "municipalities", "Herscheid"),
      Fact(
        "halver", "netzwerk-nachrodt-wiblingwerde", "municipalities", "Nachrodt-Wiblingwerde"),
      Fact("halver", "netzwerk-west", "legal_basis", "Bundeskinderschutzgesetz"),
      Fact("halver", "netzwerk-west", "legal_basis_since", "2012-01-01"),
      Fact("halver", "netzwerk-west", "minimum_age", "0"),
      Fact("halver", "netzwerk-west", "maximum_age", "12"),
      Fact(
        "halver", "netzwerk-west", "age_policy",
        "Bewusst weiter gefasst als die 0 bis 3 Jahre des Nationalen Zentrums"),
      Fact(
        "halver", "netzwerk-west", "sectors",
        "Bildung, Gesundheitswesen, Kinder- und Jugendhilfe"),
      Fact("halver", "netzwerk-west-kjaed", "role", "Kooperationspartner"),
      Fact(
        "halver", "netzwerk-west-kjaed", "organization_id", "Kinder- und Jugendärztlicher Dienst"),
      Fact("halver", "auftakt", "occurrences", "5"),
      Fact("halver", "auftakt", "attendance", "85"),
      Fact("halver", "auftakt", "attendance_scope", "alle fünf Veranstaltungen zusammen"),
      Fact("halver", "willkommensbesuch", "valid_from", "2011"),
      Fact("halver", "willkommensbesuch", "access", "freiwillig"),
      Fact("halver", "willkommensbesuch", "status", "aktiv"),
      Fact("halver", "elterntraining", "status", "geplant"),
      Fact("halver", "patenschaften", "status", "geplant"),
      Fact("halver", "elterncafe", "status", "geplant"),
      // Two people share one role.
      Fact("halver", "aufgabe-projektleitung-1", "role", "Projektleitung"),
      Fact("halver", "aufgabe-projektleitung-2", "role", "Projektleitung"),
      Fact("halver", "aufgabe-projektleitung-1", "contact_id", "Rosemarie Weckenbrock"),
      Fact("halver", "aufgabe-projektleitung-2", "contact_id", "Hinrich Stakelbeck"),
      Fact("halver", "aufgabe-projektleitung-1", "municipality_id", "Märkischer Kreis"),
      Fact("halver", "aufgabe-projektleitung-1", "deputy_for_id", "Hinrich Stakelbeck"),
    ]
  ) { kreis in
    // A shelter's address reaches nobody: not its postal code, in no scope that leaves the hub.
    let shelter = try kreis("halver").succeed("show", "key:frauenhaus", "--json")
    #expect(shelter.rows.first?["fields"]?["street"] == nil)
    #expect(!shelter.output.contains("Birkenhain"))
  }

  // MARK: - Kreis Recklinghausen

  private static let recklinghausen = KreisFixture(
    folder: "recklinghausen", title: "Kreis Recklinghausen", ags: "05562",
    towns: [
      Kreis.Town(name: "haltern-am-see", title: "Haltern am See", ags: "05562016"),
      Kreis.Town(name: "herten", title: "Herten", ags: "05562020"),
    ], usesVocabulary: true, fewestValues: 2_000,
    facts: [
      Fact("herten", "kommune-haltern-am-see", "own_youth_office", "ja"),
      Fact("haltern-am-see", "kommune-herten", "own_youth_office", "ja"),
      Fact(
        "herten", "kreis-recklinghausen", "hub_operator_id",
        "Gesundheitsamt des Kreises Recklinghausen"),
      // Two networks in one town, and one whose carrier is outside the Kreis.
      Fact("herten", "netzwerk-fruehe-hilfen-haltern", "municipalities", "Haltern am See"),
      Fact("herten", "netzwerk-kindeswohl-haltern", "municipalities", "Haltern am See"),
      Fact("herten", "netzwerk-kindeswohl-haltern", "valid_from", "2009"),
      Fact("herten", "beratungsnetzwerk-fruehe-hilfen", "operator_id", "LWL"),
      Fact("herten", "lwl", "outside_region", "ja"),
      Fact("haltern-am-see", "netzwerk-herten", "valid_from", "2013-11"),
      // One person with two roles.
      Fact("herten", "haltern-aufgabe-koordination", "contact_id", "Wiebke Osterkamp"),
      Fact("herten", "haltern-aufgabe-kinderbeauftragte", "contact_id", "Wiebke Osterkamp"),
      Fact("herten", "haltern-aufgabe-kinderbeauftragte", "valid_from", "2009-08"),
      Fact("haltern-am-see", "herten-aufgabe-koordination", "role", "Netzwerkkoordination"),
      Fact("herten", "haltern-sprechstunde-1", "registration_contact_id", "Gundula Tepperwien"),
      Fact("herten", "haltern-sprechstunde-1", "room", "Zi. Nr. 2.12"),
      // A day without a year, and about how many came.
      Fact("herten", "jahresforum-kindeswohl", "date", "--09-05"),
      Fact("herten", "jahresforum-kindeswohl", "opens_at", "15:30"),
      Fact("herten", "jahresforum-kindeswohl", "place", "Ratssaal"),
      Fact("herten", "jahresforum-kindeswohl", "attendance", "70"),
      Fact("herten", "jahresforum-kindeswohl", "attendance_approximate", "ja"),
      Fact("herten", "jahresforum-kindeswohl", "formats", "Arbeitsgruppen, Plenum"),
      Fact("haltern-am-see", "herten-netzwerkkonferenz-2", "reported_on", "2014-05-21"),
      Fact("haltern-am-see", "herten-netzwerkkonferenz-2", "ordinal", "2"),
      Fact("haltern-am-see", "herten-netzwerkkonferenz-2", "attendance", "45"),
      Fact("haltern-am-see", "herten-netzwerkkonferenz-2", "frequency", "zweimal im Jahr"),
      Fact(
        "haltern-am-see", "herten-ag-stadtteile", "task",
        "Angebote nach Stadtteilen sammeln und vorstellen."),
      Fact("herten", "indikatorenstandards", "binding_for", "alle Mitglieder"),
      Fact("herten", "handlungskonzept", "adopted_by", "Rat der Stadt"),
      Fact("herten", "kooperation-gesundheitsamt", "date", "2008-01"),
      Fact(
        "herten", "kooperation-gesundheitsamt", "parties",
        "Gesundheitsamt des Kreises Recklinghausen, Stadt Haltern am See"),
      // One figure that is quoted with two meanings.
      Fact("haltern-am-see", "herten-kinder-sgb2", "value", "418"),
      Fact(
        "haltern-am-see", "herten-kinder-sgb2", "definition",
        "Kinder im Alter von 0 bis 3 Jahren in SGB-II-Haushalten, Durchschnitt des Jahres 2010"),
      Fact("herten", "muetter-vaeter-treff", "place_description", "in jedem Familienzentrum"),
      Fact("herten", "fortbildungen", "audience", "Fachkräfte"),
      Fact("herten", "haltern-kinderbeauftragte-telefon", "number", "0221/4710392"),
      Fact("herten", "haltern-kinderbeauftragte-telefon", "number_e164", "+492214710392"),
      Fact("herten", "haltern-sekretariat-telefon", "number", "(02 21) 4710 442"),
      Fact("herten", "haltern-sekretariat-telefon", "number_e164", "+492214710442"),
      Fact("herten", "haltern-stadt-telefon", "number", "0221 / 4710 244"),
      Fact("herten", "haltern-stadt-telefon", "number_e164", "+492214710244"),
      Fact("haltern-am-see", "herten-haus-der-kulturen", "categories", "Haus der Kulturen"),
    ]
  ) { kreis in
    let shown = try kreis("herten").succeed("show", "key:haltern-kinderbeauftragte", "--json")
    guard case .array(let hours)? = shown.rows.first?["hours"] else {
      Issue.record("no hours")
      return
    }
    #expect(
      Set(hours.map { $0["text"] }) == [
        "ungerade Kalenderwochen: Dienstag 9:00-11:30 Uhr",
        "gerade Kalenderwochen: Donnerstag 14:00-15:30 Uhr",
        "jeden letzten Montag im Monat 17:30-19:00 Uhr",
      ])
    #expect(
      Set(hours.map { $0["registration"] }) == [
        "telefonisch vorher im Sekretariat, Gundula Tepperwien, (02 21) 4710 442"
      ])
    // Each member of the networks by the category that the networks call it.
    let members = try kreis("haltern-am-see").succeed(
      "list", "network_membership", "network_id=key:netzwerk-herten", "--json")
    #expect(members.rows.count == 26)
  }

  // MARK: - Hochsauerlandkreis

  private static let hochsauerland = KreisFixture(
    folder: "hochsauerlandkreis", title: "Hochsauerlandkreis", ags: "05958",
    towns: [Kreis.Town(name: "olsberg", title: "Olsberg", ags: "05958036")],
    usesVocabulary: true, fewestValues: 300,
    facts: [
      Fact("olsberg", "hochsauerlandkreis", "hub_operator_id", "Kreisjugendamt"),
      Fact(
        "olsberg", "hochsauerlandkreis", "coordination_note",
        "Wegen der Größe seines Gebiets hat der Kreis je Stadt ein eigenes Netzwerk beschlossen; "
          + "das Kreisjugendamt koordiniert sie."),
      Fact("olsberg", "hsk-aufgabe-koordination", "municipality_id", "Hochsauerlandkreis"),
      Fact("hub", "olsberg-aufgabe-familienmanagement", "role", "Familienmanagement"),
      Fact("hub", "olsberg-aufgabe-familienmanagement", "organization_id", "Familienbüro"),
      Fact("hub", "olsberg-auftakt", "place", "Rathaus"),
      Fact("hub", "olsberg-auftakt", "attendance", "50"),
      Fact("hub", "olsberg-auftakt", "attendance_approximate", "ja"),
      Fact("hub", "olsberg-auftakt", "frequency", "ein- bis zweimal im Jahr"),
      Fact("hub", "olsberg-kleingruppen", "reports_to", "das ganze Netzwerk"),
      Fact("hub", "netzwerk-olsberg", "partners", "Kinderschutzbund im Kreis Unna"),
      Fact("olsberg", "kinderschutzbund-unna", "outside_region", "ja"),
      Fact(
        "hub", "netzwerk-olsberg", "expectations",
        """
        Austausch von Informationen über Einrichtungen und die Menschen darin
        Transparente Wege der Verständigung
        Datenschutz
        Rückmeldungen
        Fachthemen in kleinen Gruppen
        Beratung zum Vorgehen im Kinderschutz
        """),
    ]
  ) { kreis in
    let review = try kreis("hub").succeed("review", "--json")
    #expect(!review.rows.contains { $0["finding"] == "dangling" }, "\(review.output)")
  }
}
