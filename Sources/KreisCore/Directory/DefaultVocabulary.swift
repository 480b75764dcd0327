// SPDX-License-Identifier: EUPL-1.2

/// The categories of organizations that the networks use, as shipped: what a hub starts with. Each
/// Kreis may add its own, reword these or delete them.
package enum DefaultVocabulary {
  /// A category. Its key never changes; it is the external id of its record.
  package struct Term: Sendable {
    package let key: String
    /// The key without what it has in common with all others.
    package let code: String
    package let name: String
    package let synonyms: [String]
    /// The key of the broader category.
    package let parent: String?
  }

  /// The name of the taxonomy.
  package static let taxonomy = "Frühe Hilfen"

  /// The code of women's shelters, whose addresses are never public.
  package static let shelterCode = "frauenhaus"

  /// Every broader category comes before its narrower ones.
  package static let terms: [Term] = table.split(separator: "\n").map { line in
    let cells = line.split(separator: "|", omittingEmptySubsequences: false)
      .map { String(CanonicalText.trimmed(String($0))) }
    return Term(
      key: "kategorie-" + cells[0], code: cells[0], name: cells[2],
      synonyms: cells.dropFirst(3).filter { !$0.isEmpty },
      parent: cells[1].isEmpty ? nil : "kategorie-" + cells[1])
  }

  /// key | broader | name | synonyms
  private static let table = """
    jugendhilfe |  | Kinder- und Jugendhilfe | Jugendhilfe
    gesundheitswesen |  | Gesundheitswesen | Gesundheitshilfe
    bildung |  | Bildung
    soziales |  | Soziales
    sicherheit |  | Ordnung und Sicherheit
    behindertenhilfe | soziales | Behindertenhilfe
    wohlfahrtsverband | soziales | Wohlfahrtsverband
    schule | bildung | Schule
    kindertageseinrichtung | jugendhilfe | Kindertageseinrichtung | Kita | Kindergarten \
    | Kindertageseinrichtung/Familienzentrum
    familienzentrum | jugendhilfe | Familienzentrum
    kindertagespflege | jugendhilfe | Kindertagespflege | Tagesmutter | Tagesvater
    klinik | gesundheitswesen | Klinik | Krankenhaus
    aerztliche-praxis | gesundheitswesen | Ärztliche Praxis
    kinderarzt | gesundheitswesen | Niedergelassene Kinderärztin oder Kinderarzt \
    | Kinderarztpraxis
    allgemeinmedizin | gesundheitswesen | Allgemeinmedizin | Hausarzt
    psychologische-praxis | gesundheitswesen | Psychologische Praxis
    hebamme | gesundheitswesen | Hebamme | Familienhebamme | Entbindungspfleger
    gesundheitsamt | gesundheitswesen | Gesundheitsamt | Gesundheitsamt des Kreises
    kjaed | gesundheitsamt | Kinder- und Jugendärztlicher Dienst | KJÄD | Schularzt
    sozialpsychiatrischer-dienst | gesundheitsamt | Sozialpsychiatrischer Dienst
    lebensberatung | soziales | Lebensberatungsstelle | Sozialberatung
    erziehungsberatungsstelle | jugendhilfe | Erziehungsberatungsstelle | Familienberatung \
    | Psychologische Beratungsstelle
    schwangerschaftsberatungsstelle | soziales | Schwangerschaftsberatungsstelle \
    | Frauen- und Schwangerschafts(konflikt)beratungsstelle | Schwangerenberatung
    frauenberatung | soziales | Frauenberatungsstelle
    schuldnerberatung | soziales | Schuldnerberatungsstelle | Schuldnerberatung
    drogenberatungsstelle | gesundheitswesen | Drogenberatungsstelle | Suchtberatung
    frauenhaus | soziales | Frauenhaus
    ordnungsamt | sicherheit | Ordnungsamt | Ordnungsbehörde
    polizei | sicherheit | Polizei
    jugendamt | jugendhilfe | Kreisjugendamt | Jugendamt | Bereich Familie und Jugend
    oeffentlicher-traeger | jugendhilfe | Öffentlicher Träger der Kinder- und Jugendhilfe
    freier-traeger | jugendhilfe | Freier Träger der Kinder- und Jugendhilfe \
    | Träger der ambulanten und stationären Kinder- und Jugendhilfe
    landschaftsverband | soziales | Landschaftsverband
    sozialamt | soziales | Sozialamt
    jobcenter | soziales | Jobcenter
    familienbuero | jugendhilfe | Familienbüro
    kinderschutzbund | jugendhilfe | Kinderschutzbund
    familienunterstuetzender-dienst | behindertenhilfe \
    | Familienunterstützender Dienst (FuD) | Familienentlastender Dienst
    aufsuchende-elternarbeit | jugendhilfe | Aufsuchende Elternarbeit | Begrüßungsbesuch
    haus-der-kulturen | soziales | Haus der Kulturen
    fruehfoerderung | behindertenhilfe | Frühförderung/Heilpädagogik | Frühförderstelle
    sprachfoerderung | bildung | Sprachförderung | Logopädie
    bezirkssozialarbeit | jugendamt | Bezirkssozialarbeit | Allgemeiner Sozialer Dienst | ASD
    pflegekinderdienst | jugendamt | Pflegekinderdienst
    jugendhilfeplanung | jugendamt | Jugendhilfeplanung
    jugendfoerderung | jugendhilfe | Jugendförderung | Offene Kinder- und Jugendarbeit
    familienbildungsstaette | bildung | Familienbildungsstätte
    bibliothek | bildung | Bücherei | Bibliothek
    verein | soziales | Verein und Ehrenamt
    sportverein | verein | Sportverein
    """
}
