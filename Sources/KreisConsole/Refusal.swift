// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes

/// Why a request gets no page, as a page of its own.
struct Refusal: Error {
  let status: HTTPResponse.Status
  let title: String
  let text: String
  /// What a program said, in English.
  var detail: String?
  var allowed: String?

  static let malformed = Refusal(
    status: .badRequest, title: "Die Anfrage ist nicht lesbar",
    text: "Bitte gehen Sie zurück und versuchen Sie es noch einmal.")

  static let tooLarge = Refusal(
    status: .contentTooLarge, title: "Das ist zu viel auf einmal",
    text: "Ein Formular darf höchstens 256 Kilobyte haben. Es wurde nichts gespeichert.")

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

  static func notNow(_ detail: String) -> Refusal {
    Refusal(
      status: .serviceUnavailable, title: "Das geht im Augenblick nicht",
      text: "Bitte versuchen Sie es in einigen Minuten noch einmal.", detail: detail)
  }

  static func failed(_ detail: String) -> Refusal {
    Refusal(
      status: .unprocessableContent, title: "Das wurde nicht gespeichert",
      text: "Der Datenbestand ist unverändert.", detail: detail)
  }
}
