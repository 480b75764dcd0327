// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import KreisLocal
import KreisStore

/// Why a request gets no page, as a page of its own.
struct Refusal: Error {
  let status: HTTPResponse.Status
  let title: String
  let text: String
  var allowed: String?
  /// Seconds after which it is worth another try; the page tries by itself.
  var retryAfter: Int?

  static let malformed = Refusal(
    status: .badRequest, title: "Die Anfrage ist nicht lesbar",
    text: "Bitte gehen Sie zurück und versuchen Sie es noch einmal.")

  static func tooLarge(upload: Bool) -> Refusal {
    Refusal(
      status: .contentTooLarge, title: "Das ist zu viel auf einmal",
      text: upload
        ? """
        Eine Datei darf höchstens \(Console.uploadLimit >> 20) Megabyte haben; größere liest die Verwaltung \
        auf dem Server ein. Oder Ihre Anmeldung ist abgelaufen: Dann melden Sie sich bitte neu an. Es wurde \
        nichts eingelesen.
        """ : "Ein Formular darf höchstens 256 Kilobyte haben. Es wurde nichts gespeichert.")
  }

  static let uploadGone = Refusal(
    status: .gone, title: "Diese Datei ist nicht mehr da",
    text:
      "Sie wird höchstens eine Stunde aufgehoben. Es wurde nichts eingelesen; bitte wählen Sie sie neu."
  )

  static let notFound = Refusal(
    status: .notFound, title: "Hier ist nichts",
    text: "Diese Adresse gibt es nicht, oder der Eintrag wurde entfernt.")

  static func wrongMethod(_ allowed: String) -> Refusal {
    Refusal(
      status: .methodNotAllowed, title: "So geht das nicht",
      text: "Diese Adresse nimmt solche Anfragen nicht an.", allowed: allowed)
  }

  static let foreign = Refusal(
    status: .forbidden, title: "Die Anfrage kam von einer anderen Seite",
    text: """
      Zum Schutz vor fremden Internetseiten wurde nichts geändert. Bitte öffnen Sie die Seite neu und \
      speichern Sie noch einmal; Cookies müssen für diese Adresse erlaubt sein.
      """)

  static let wrongHost = Refusal(
    status: .misdirectedRequest, title: "Unter diesem Namen ist hier niemand",
    text: """
      Bitte rufen Sie die Konsole unter ihrer eigenen Adresse auf; auf demselben Rechner ist das \
      http://127.0.0.1 mit ihrem Port.
      """)

  static func notAllowed(_ role: ConsoleRole) -> Refusal {
    Refusal(
      status: .forbidden, title: "Das darf dieses Konto nicht",
      text: """
        Dafür braucht es ein Konto für „\(role.label)“. Bitte wenden Sie sich an die Person, die die \
        Konten verwaltet. Es wurde nichts geändert.
        """)
  }

  static let signedOut = Refusal(
    status: .forbidden, title: "Sie sind nicht angemeldet",
    text: "Bitte laden Sie die Seite neu und melden Sie sich an.")

  static func unknownPerson(_ name: String) -> Refusal {
    Refusal(
      status: .forbidden, title: "Für Sie gibt es hier noch kein Konto",
      text: """
        Der Anmeldedienst nennt Sie „\(name)“. Unter diesem Namen muss jemand ein Konto anlegen, der das \
        Kreisnetz verwaltet.
        """)
  }

  static let notByProxy = Refusal(
    status: .forbidden, title: "Diese Konsole ist nur über den Anmeldedienst zu erreichen",
    text: "Bitte rufen Sie sie unter der Adresse auf, die Ihnen genannt wurde.")

  static let noName = Refusal(
    status: .forbidden, title: "Der Anmeldedienst hat keinen Namen mitgeteilt",
    text: "Bitte verständigen Sie die Technik.")

  static let stopping = Refusal(
    status: .serviceUnavailable, title: "Der Dienst wird gerade neu gestartet",
    text: "Bitte laden Sie die Seite in einigen Sekunden neu.")

  static let notNow = Refusal(
    status: .serviceUnavailable, title: "Das geht im Augenblick nicht",
    text: """
      Es wurde nichts geändert. Bitte versuchen Sie es in einigen Minuten noch einmal; bleibt es dabei, \
      verständigen Sie die Technik: Der Grund steht im Protokoll des Dienstes.
      """)

  static let failed = Refusal(
    status: .unprocessableContent, title: "Das wurde nicht gespeichert",
    text: """
      Der Datenbestand ist unverändert. Den Grund nennt das Protokoll des Dienstes; bitte fragen Sie die \
      Technik.
      """)
}

extension Refusal {
  /// What the executor says, as people read it who see no commands.
  init(_ error: CommandError) {
    if error.rejection == .invalid {
      self = Refusal(
        status: .unprocessableContent, title: "So passen die Angaben nicht zusammen",
        text: error.text.split(separator: "\n").map { line in
          // The names that fields have in files say nothing to people.
          EditForm.plain(String(line).replacing(#/^[a-z_0-9]+: /#, with: ""))
        }.joined(separator: " "))
    } else if let rejection = error.rejection, let known = Refusal(rejection) {
      self = known
    } else {
      self =
        switch error.outcome {
        case .no: .notFound
        case .notNow: .notNow
        case .wrongUse, .done: .failed
        }
    }
  }

  /// - Returns: `nil` for what needs more than the rejection to be said.
  init?(_ rejection: Rejection) {
    guard let said = Self.sentences[rejection] else { return nil }
    self = said
  }

  private static let sentences: [Rejection: Refusal] = [
    .missing: .notFound,
    .notKeeper: Refusal(
      status: .forbidden, title: "Diesen Eintrag pflegt eine andere Stelle",
      text: """
        Ändern können ihn nur sie und der Kreis. Öffnen Sie den Eintrag und wählen Sie „Rückmeldung \
        geben“: Ihr Vorschlag geht an die richtige Stelle.
        """),
    .deleted: Refusal(
      status: .conflict, title: "Der Eintrag ist gelöscht",
      text:
        "Auf seiner Seite lässt er sich wiederherstellen; danach kann er wieder geändert werden."),
    .notDeleted: Refusal(
      status: .conflict, title: "Der Eintrag ist nicht gelöscht",
      text: "Jemand hat ihn wohl schon wiederhergestellt."),
    .destroyed: Refusal(
      status: .conflict, title: "Das wurde endgültig vernichtet",
      text: "Es lässt sich weder ändern noch wiederherstellen."),
    .restricted: Refusal(
      status: .forbidden, title: "Die Verarbeitung ist eingeschränkt",
      text: """
        Auf Verlangen der betroffenen Person wird dieser Eintrag nur aufbewahrt und niemandem gezeigt \
        (Art. 18 DSGVO).
        """),
    .decided: Refusal(
      status: .conflict, title: "Das ist nicht mehr offen",
      text: "Inzwischen hat jemand entschieden oder geantwortet. Bitte sehen Sie nach."),
    .tooMuch: Refusal(
      status: .contentTooLarge, title: "Das ist zu viel auf einmal",
      text: "Bitte kürzen Sie lange Texte, oder ändern Sie den Eintrag in mehreren Schritten."),
    .unshared: Refusal(
      status: .unprocessableContent, title: "Diesen Eintrag kennen nicht alle",
      text: "Eine Rückmeldung dazu könnten andere nicht einordnen. Bitte rufen Sie die Stelle an."),
    .unheard: Refusal(
      status: .serviceUnavailable, title: "Noch keine Verbindung zum Kreis",
      text: "Geändert werden kann erst, wenn dieser Dienst den Hub einmal erreicht hat."),
    .closed: Refusal(
      status: .serviceUnavailable, title: "Dieser Dienst darf zurzeit nichts schreiben",
      text: "Er braucht einen neuen Schlüssel vom Kreis. Bitte verständigen Sie die Technik."),
    .unknownReference: Refusal(
      status: .unprocessableContent, title: "Ein ausgewählter Eintrag ist nicht mehr da",
      text: "Er wurde inzwischen entfernt. Bitte wählen Sie einen anderen."),
    .publishes: Refusal(
      status: .unprocessableContent, title: "Das würde öffentlich",
      text: "Diese Angaben könnten von nun an alle lesen, auch im Internet. Ist das gewollt?"),
    .otherKind: Refusal(
      status: .conflict, title: "Die beiden lassen sich nicht zusammenführen",
      text:
        "Sie sind von verschiedener Art, oder es ist derselbe Eintrag. Es wurde nichts geändert."),
    .namesPerson: Refusal(
      status: .unprocessableContent, title: "Der Grund nennt die Person",
      text: "Der Grund bleibt stehen und darf deshalb die Person nicht nennen."),
    .unrelated: Refusal(
      status: .unprocessableContent, title: "Ein Eintrag gehört nicht mehr dazu",
      text: """
        Was Sie angekreuzt haben, hat jemand inzwischen geändert: Ein Eintrag verweist nicht mehr auf die \
        Person und nennt sie nicht. Es wurde nichts gelöscht; bitte sehen Sie die Liste noch einmal durch.
        """),
    .hubOnly: Refusal(
      status: .forbidden, title: "Das pflegt der Kreis",
      text: """
        Kategorien hat jede Kommune vom Kreis; nur er führt sie zusammen. Bitte geben Sie ihm Bescheid.
        """),
    .needsRole: Refusal(
      status: .unprocessableContent, title: "Das braucht eine Freigabe",
      text: """
        Der Kreis verlangt, dass eine zweite Person freigibt, was öffentlich wird. Bitte sagen Sie, in \
        welcher Rolle Sie es beantragen; freigeben muss es jemand in einer anderen.
        """),
    .sameRole: Refusal(
      status: .forbidden, title: "Das muss jemand anderes freigeben",
      text: """
        Diese Rolle hat die Veröffentlichung selbst beantragt. Freigeben muss sie eine zweite Person in \
        einer anderen Rolle.
        """),
    .sameAccount: Refusal(
      status: .forbidden, title: "Das muss jemand anderes freigeben",
      text: """
        Diese Veröffentlichung haben Sie selbst beantragt. Freigeben muss sie eine zweite Person, die sich \
        mit ihrem eigenen Konto anmeldet; Sie können den Antrag nur zurückziehen.
        """),
    .unread: Refusal(
      status: .serviceUnavailable, title: "Das Verzeichnis wird noch eingelesen",
      text: """
        Der Dienst ist gerade gestartet, oder es wurde sehr viel auf einmal geändert. In einigen Sekunden \
        ist alles da; vorher zeigt diese Seite nichts, damit nichts fehlt, ohne dass Sie es merken. Sie \
        erneuert sich von selbst.
        """, retryAfter: 2),
    .restored: Refusal(
      status: .serviceUnavailable, title: "Der Bestand wird noch abgeglichen",
      text: """
        Dieser Rechner wurde aus einer Sicherung wiederhergestellt. Gezeigt wird erst wieder etwas, wenn \
        alles nachgeholt ist, was seither geändert oder gelöscht wurde.
        """),
  ]
}
