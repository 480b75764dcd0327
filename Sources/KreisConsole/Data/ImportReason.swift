// SPDX-License-Identifier: EUPL-1.2

import KreisCore

/// Why a row is not taken, in German. What is wrong with a value says its field in German anyway; what is
/// wrong with the file or with a reference comes from programs, and is known here by its beginning.
struct ImportReason {
  /// Always German.
  let text: String
  /// The program's own words, where there are no others: for whoever looks after the machine.
  let original: String?

  private static let unknown = """
    Das passt nicht zum Verzeichnis. Bitte geben Sie die Datei der Technik: „kreisnetz import --dry-run“ \
    nennt auf dem Server denselben Grund.
    """

  init(_ reason: String) {
    var unknown: [String] = []
    var parts: [String] = []
    for part in reason.replacing("\n", with: " · ").split(separator: " · ").map(String.init) {
      if let known = Self.translated(part) ?? Self.labelled(part) {
        parts.append(known)
      } else {
        unknown.append(part)
      }
    }
    if !unknown.isEmpty { parts.append(Self.unknown) }
    text = parts.joined(separator: " · ")
    original = unknown.isEmpty ? nil : unknown.joined(separator: " · ")
  }

  /// `postal_code: „5“ ist keine Postleitzahl.` with the field's German name.
  private static func labelled(_ text: String) -> String? {
    guard let match = text.wholeMatch(of: /([a-z_0-9]+)(?:@[a-z]+)?: „(.*)“ (.+)/) else {
      return nil
    }
    let name = String(match.1)
    let field = Schema.directory.kinds.lazy.compactMap { kind in try? kind.field(named: name) }
      .first
    let label = field?.label ?? name
    // Nothing need not be quoted, nor the name be said twice.
    guard !match.2.isEmpty else {
      return "\(label): \(match.3.replacing("(\(label); ", with: "("))"
    }
    return "\(label): „\(match.2)“ \(match.3)"
  }

  /// By what the text is: its German, where `$1` … stand for what the expression caught.
  private static func translated(_ text: String) -> String? {
    if let match = text.wholeMatch(of: /line (\d+): (.*)/) {
      return translated(String(match.2)).map { "Zeile \(match.1): \($0)" }
    }
    for (pattern, german) in patterns {
      guard let regex = try? Regex(pattern), let match = try? regex.wholeMatch(in: text) else {
        continue
      }
      var out = german
      for index in 1..<max(1, match.output.count) {
        out = out.replacing("$\(index)", with: match.output[index].substring.map(String.init) ?? "")
      }
      return out
    }
    return nil
  }

  private static let patterns: [(String, String)] = [
    (
      "the mapping, line (\\d+): .*",
      "Die Zuordnung der Spalten stimmt in ihrer Zeile $1 nicht; bitte geben Sie sie der Technik zurück."
    ),
    (
      "the mapping .*",
      "Die Zuordnung der Spalten stimmt nicht; bitte geben Sie sie der Technik zurück."
    ),
    (
      "this is neither an organization nor a service of HSDS",
      "Das ist weder eine Organisation noch ein Angebot nach HSDS."
    ),
    (
      "(\\S+) (\\S+) is left out: it has no valid (.*)",
      "$1 $2 wurde ausgelassen: Es fehlt eine gültige Angabe ($3)."
    ),
    ("(\\S+) (\\S+) is left out: .*", "$1 $2 wurde ausgelassen: Eine Angabe darin passt nicht."),
    (
      "(\\S+) (\\S+): language „(.*)“ left out",
      "$1 $2: Die Sprache „$3“ ist unbekannt und entfällt."
    ),
    ("(\\S+) (\\S+): (.*) Left out\\.", "$1 $2: Eine Angabe darin passt nicht und entfällt."),
    (
      "several records of kind (.*) have the external id '(.*)'; .*",
      "Mehrere Einträge haben die Kennung „$2“; nennen Sie ihn mit „id“."
    ),
    (
      "several (?:deleted )?records ha(?:ve|d) the external id '(.*)'; .*",
      "Mehrere Einträge haben die Kennung „$1“; nennen Sie ihn mit „id“."
    ),
    (
      "several records of kind (.*) are called „(.*)“; .*",
      "Mehrere Einträge heißen „$2“; nennen Sie ihn mit „id“ oder seiner Kennung."
    ),
    ("several rows? .*", "Mehrere Zeilen meinen denselben Eintrag."),
    ("(.*) is given twice", "Eine Angabe ($1) steht zweimal in der Zeile."),
    ("(.*): no external_id", "$1: Die Spalte mit der Kennung ist leer."),
    (
      "this replica has not heard from its hub.*",
      "Dieser Dienst hat den Kreis noch nie erreicht; vorher kann nichts geändert werden."
    ),
    (
      "the processing of (.*) is restricted.*",
      "Die Verarbeitung des Eintrags $1 ist eingeschränkt (Art. 18 DSGVO); er bleibt, wie er ist."
    ),
    (
      "(.*) is of a kind that this version does not know.*",
      "Der Eintrag $1 ist von einer Art, die dieser Stand des Programms nicht kennt; bitte lassen Sie es aktualisieren."
    ),
    (
      "Too many rows refer to refused ones.*",
      "Zu viele Zeilen verweisen auf nicht übernommene; berichtigen Sie diese zuerst."
    ),
    ("unknown kind „([^“]*)“.*", "Eine Art „$1“ gibt es im Verzeichnis nicht."),
    (
      "unknown field „([^“]*)“.*",
      "Eine Angabe „$1“ gibt es dort nicht. Ist der Name der Spalte richtig geschrieben?"
    ),
    (
      "the text has (\\d+) bytes; .*",
      "Das ist auf einmal zu viel ($1 Byte); bitte teilen Sie die Datei."
    ),
    (
      "neither external_id nor id: .*",
      "In der Zeile steht weder „external_id“ noch „id“: Zweimal eingelesen stünde sie zweimal da. Wählen Sie, woran Zeilen wiederzuerkennen sind."
    ),
    (
      "external_id „(.*)“ stands in line (.*) already",
      "Die external_id „$1“ steht schon in Zeile $2."
    ),
    (
      "the row comes from a training realm.*",
      "Die Zeile kommt aus einem Übungsbestand, und dies ist das echte Verzeichnis."
    ),
    (
      "the record of this row was merged into (.*); .*",
      "Der Eintrag dieser Zeile wurde mit einem anderen zusammengeführt ($1); die Zeile wurde nicht übernommen."
    ),
    (
      "there is no record (.*) here; .*",
      "Den Eintrag $1 gibt es hier nicht; ohne „id“ wird er neu angelegt."
    ),
    ("there is no record (.*)", "Den Eintrag $1 gibt es nicht."),
    ("(.*) is of kind (.*), not (.*)", "$1 ist von einer anderen Art ($2 statt $3)."),
    (
      "(.*): there is no .* with the external id „(.*)“; its row was refused(.*)",
      "$1: Die Zeile mit der Kennung „$2“ wurde selbst nicht übernommen.$3"
    ),
    (
      "(.*): there is no .* with the external id „(.*)“(; left out)?",
      "$1: Einen Eintrag mit der Kennung „$2“ gibt es nicht."
    ),
    ("(.*): there is no .* called „(.*)“.*", "$1: Einen Eintrag namens „$2“ gibt es nicht."),
    (
      "Everybody could read this from now on.*: (.*). Nothing was written.*",
      "Das würde öffentlich: $1. Wenn das gemeint ist, liest es die Verwaltung auf dem Server ein (kreisnetz import --publish)."
    ),
    (
      "The Kreis wants a second person to release what becomes public: (.*). Say.*",
      "Was öffentlich wird, muss eine zweite Person freigeben: $1. Das geht nur auf dem Server (kreisnetz import --publish --role)."
    ),
    (
      "only (.*) and the hub may change (.*); ask for it.*",
      "Diesen Eintrag pflegt $1; bitten Sie dort mit einer Rückmeldung um die Änderung."
    ),
    ("(.*) was erased; .*", "Der Eintrag $1 wurde endgültig gelöscht und nimmt nichts mehr auf."),
    ("(.*) is deleted; .*", "Der Eintrag $1 ist gelöscht; stellen Sie ihn erst wieder her."),
    (
      "the file is empty; .*",
      "Die Datei ist leer. In der ersten Zeile sollen die Namen der Spalten stehen."
    ),
    ("the file is UTF-16; .*", "Die Datei ist in UTF-16; bitte als „CSV UTF-8“ speichern."),
    (
      "column (\\d+) has no name in the header",
      "Die Spalte $1 hat in der ersten Zeile keinen Namen."
    ),
    ("the header has „(.*)“ twice", "Die Spalte „$1“ kommt zweimal vor."),
    (
      "the header has no column „kind“.*",
      "Es steht nirgends, um welche Art von Einträgen es geht: Wählen Sie sie aus."
    ),
    ("no kind has a field „(.*)“", "Eine Angabe „$1“ gibt es im Verzeichnis nicht."),
    (
      "„(.*)“ is empty, but the row is to be named by it",
      "„$1“ ist leer, aber daran soll die Zeile wiederzuerkennen sein."
    ),
    ("the column „kind“ is empty", "Die Spalte „kind“ ist leer."),
    (
      "(\\d+) columns, but the header has (\\d+); .*",
      "Die Zeile hat $1 Spalten, die erste Zeile $2. Fehlt ein Trennzeichen, oder steht eines nicht in Anführungszeichen?"
    ),
    (
      "a quote opened in line (\\d+) is never closed",
      "Ein Anführungszeichen aus Zeile $1 wird nirgends geschlossen."
    ),
    (
      "text after the closing quote of a field.*",
      "Nach einem schließenden Anführungszeichen steht noch Text."
    ),
    ("more than (\\d+) columns", "Es sind mehr als $1 Spalten."),
    (
      "a (?:field|record) of more than (\\d+) bytes; .*",
      "Ein Feld ist zu lang ($1 Byte); fehlt ein Anführungszeichen?"
    ),
    ("a byte that is not (.*), which.*", "Ein Zeichen passt nicht zu $1, worin die Datei beginnt."),
    ("the table has no column „(.*)“; it has (.*)", "Eine Spalte „$1“ fehlt; es gibt $2"),
    (
      "the mapping does not know the column „(.*)“; .*",
      "Die Zuordnung kennt die Spalte „$1“ nicht; was darin steht, wird nicht eingelesen."
    ),
    ("longer than (\\d+) bytes", "Die Zeile ist länger als $1 Byte."),
    ("an object is expected, not .*", "Hier müsste ein Eintrag in geschweiften Klammern stehen."),
    (
      "an object of HSDS is expected.*",
      "Das ist kein HSDS: Es müsste ein Eintrag in geschweiften Klammern sein."
    ),
    ("the object that begins here does not end", "Der Eintrag, der hier beginnt, hört nicht auf."),
    ("„kind“ is missing.*", "„kind“ fehlt, zum Beispiel \"organization\"."),
    ("„kind“ must be a string.*", "„kind“ muss ein Text sein."),
    ("column (\\d+): .*", "Das ist kein JSON (Stelle $1)."),
  ]
}
