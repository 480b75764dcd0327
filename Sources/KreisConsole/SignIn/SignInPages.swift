// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import KreisCore
import KreisInterchange
import KreisLocal
import KreisPages

/// Signing in and out, one's own password, and what comes back to whoever had to sign in again.
extension Console {
  /// Before the name of each field of a form that waits for somebody to sign in.
  private static let kept = "w."

  /// Answers what concerns signing in, and whoever has to do that first.
  ///
  /// - Parameter address: where the request comes from.
  /// - Returns: `nil`: this is for somebody who is known, and something else.
  func signing(_ request: ConsoleRequest, from address: String) throws -> ConsoleResponse? {
    guard desk.way != .none else { return nil }
    switch (request.path.first, request.path.count) {
    case ("anmelden", 1) where desk.way == .accounts:
      if request.method == .post { return try signIn(request, from: address) }
      try request.allow(.get)
      let target = Self.target(request.query["ziel"])
      if request.person != nil { return .seeOther(target) }
      return try signInPage(request, SignInForm(target: target))
    case ("abmelden", 1) where desk.way == .accounts:
      try request.allow(.post)
      return try signOut(request)
    case ("konto", 1...2) where request.person != nil:
      return try account(request, from: address)
    default: break
    }
    guard request.person == nil else { return nil }
    if request.method == .post {
      // Nothing that was typed is lost.
      var form = SignInForm(target: Self.target(request.address))
      form.kept = request.form.pairs.filter { $0.name != "token" }
      return try signInPage(request, form, status: .forbidden)
    }
    guard request.isNavigation else { throw Refusal.signedOut }
    let query = FormValues.query([("ziel", request.address == "/" ? "" : request.address)])
    return .seeOther(query.isEmpty ? "/anmelden" : "/anmelden?" + query)
  }

  /// An address of this console that may come next, and no other place.
  private static func target(_ text: String?) -> String {
    guard let text, text.hasPrefix("/"), !text.hasPrefix("//"), text.utf8.count <= 4_000,
      text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x5C }),
      !["/anmelden", "/abmelden", "/ereignisse"].contains(where: text.hasPrefix)
    else { return "/" }
    return text
  }

  // MARK: - Signing in

  /// What the page asks with.
  private struct SignInForm {
    let target: String
    var name = ""
    /// A form that was sent before.
    var kept: [(name: String, value: String)]?
    var error: String?
  }

  private func signInPage(
    _ request: ConsoleRequest, _ form: SignInForm, status: HTTPResponse.Status = .ok
  ) throws -> ConsoleResponse {
    let kept = (form.kept ?? []).map { ["name": Self.kept + $0.name, "value": $0.value] as View }
    let view: View = [
      "name": form.name, "target": form.target, "hasKept": form.kept != nil, "kept": kept,
      "error": form.error as Any? ?? false,
      "isEmpty": try desk.accounts.accounts().isEmpty,
      "elsewhere": form.kept == nil && form.target != "/" ? form.target as Any : false,
    ]
    let title = form.error == nil ? "Anmelden" : "Fehler: Anmelden"
    return try page("signin", title: title, view, request, status: status)
  }

  private func signIn(
    _ request: ConsoleRequest, from address: String
  ) throws -> ConsoleResponse {
    var form = SignInForm(target: Self.target(request.form["ziel"]))
    form.name = String((request.form["name"] ?? "").prefix(100)).trimmingBlanks
    if request.form["behalten"] == "1" {
      form.kept = request.form.pairs.filter { $0.name.hasPrefix(Self.kept) }.map {
        (String($0.name.dropFirst(Self.kept.count)), $0.value)
      }
    }
    let password = request.form["passwort"] ?? ""
    let answer = try desk.signIn(form.name, password, request, address: address)
    guard case .done(let person, let session, let device) = answer else {
      let (error, status, seconds) = Self.sentence(answer)
      form.error = error
      var response = try signInPage(request, form, status: status)
      if let seconds { response.fields[.retryAfter] = String(seconds) }
      return response
    }
    var response: ConsoleResponse
    if let kept = form.kept {
      let back = try ConsoleRequest(
        returning: FormValues(kept), to: form.target, with: request, by: person)
      do { response = try self.for(person).respond(to: back) } catch {
        response = self.for(person).page(
          error as? Refusal ?? refusal(CommandError(error)), back)
      }
    } else {
      response = .seeOther(form.target)
    }
    keep(session, device, for: request, in: &response)
    return response
  }

  private func keep(
    _ session: BrowserSecret, _ device: BrowserSecret, for request: ConsoleRequest,
    in response: inout ConsoleResponse
  ) {
    response.set(request.setCookie(SignInDesk.sessionCookie, session.text))
    response.set(
      request.setCookie(SignInDesk.deviceCookie, device.text, seconds: KnownDevice.period))
  }

  private static func sentence(
    _ answer: SignInDesk.Answer
  ) -> (text: String, status: HTTPResponse.Status, retryAfter: UInt64?) {
    switch answer {
    case .wait(let seconds):
      let minutes = Int((seconds + 59) / 60).counted("Minute", "Minuten")
      return (
        "Es gab zu viele Versuche. In \(minutes) geht es wieder.", .tooManyRequests, seconds
      )
    case .busy:
      return (
        "Gerade melden sich sehr viele an. Bitte versuchen Sie es gleich noch einmal.",
        .serviceUnavailable, 2
      )
    case .wrong, .done:
      return ("Name oder Passwort stimmt nicht.", .forbidden, nil)
    }
  }

  private func signOut(_ request: ConsoleRequest) throws -> ConsoleResponse {
    try desk.signOut(request)
    var response = ConsoleResponse.seeOther("/anmelden")
    response.set(request.setCookie(SignInDesk.sessionCookie, "", seconds: 0))
    return response
  }

  // MARK: - One's own account

  private func account(
    _ request: ConsoleRequest, from address: String
  ) throws -> ConsoleResponse {
    guard request.path.count == 2 else {
      try request.allow(.get)
      return try accountPage(request)
    }
    guard request.path[1] == "passwort", desk.way == .accounts else { throw Refusal.notFound }
    try request.allow(.post)
    let name = request.person?.account ?? ""
    let new = request.form["neu"] ?? ""
    guard new == request.form["noch_einmal"] else {
      return try accountPage(request, wrong: ("wiederholung", "Die beiden sind nicht gleich."))
    }
    if let weakness = PasswordHash.weakness(of: new, for: name) {
      return try accountPage(request, wrong: ("neu", Self.sentence(weakness)))
    }
    let answer = try desk.changePassword(
      from: request.form["alt"] ?? "", to: new, request, address: address)
    guard case .done(_, let session, let device) = answer else {
      let text = if case .wrong = answer { "Das ist es nicht." } else { Self.sentence(answer).text }
      return try accountPage(request, wrong: ("alt", text))
    }
    var response = ConsoleResponse.seeOther("/konto?meldung=passwort")
    keep(session, device, for: request, in: &response)
    return response
  }

  private func accountPage(
    _ request: ConsoleRequest, wrong: (field: String, text: String)? = nil
  ) throws -> ConsoleResponse {
    let error = { (field: String) -> Any in
      if let wrong, wrong.field == field { wrong.text } else { false }
    }
    let role = request.person?.role ?? .reading
    let isAdministrator = role == .administering
    let all =
      try isAdministrator ? desk.accounts.accounts().values.sorted { $0.name < $1.name } : []
    let view: View = [
      "name": request.person?.account ?? "", "role": role.label, "may": role.explanation,
      "hasPassword": desk.way == .accounts, "minimum": PasswordHash.minimum,
      "wrongOld": error("alt"), "wrongNew": error("neu"), "wrongRepeat": error("wiederholung"),
      "message": request.query["meldung"] == "passwort"
        ? "Das neue Passwort gilt. Alle anderen Anmeldungen dieses Kontos sind beendet." as Any
        : false,
      "isAdministrator": isAdministrator,
      "accounts": all.map { account -> View in
        [
          "name": account.name, "role": account.role.label,
          "since": GermanTime(now: now()).instant(.integer(Int(clamping: account.since))),
        ]
      },
    ]
    return try page(
      "account", title: wrong == nil ? "Konto" : "Fehler: Konto", view, request,
      status: wrong == nil ? .ok : .unprocessableContent)
  }

  private static func sentence(_ weakness: PasswordHash.Weakness) -> String {
    switch weakness {
    case .tooShort:
      "Es braucht mindestens \(PasswordHash.minimum) Zeichen; mehrere Wörter sind gut."
    case .tooLong: "Es ist zu lang."
    case .theName: "Es darf nicht aus dem Namen des Kontos bestehen."
    }
  }

  // MARK: - What comes back

  /// Whether the page itself shows a form that came back.
  static func showsReturned(_ request: ConsoleRequest) -> Bool {
    switch (request.path.first, request.path.count) {
    case ("neu", 2): true
    case ("daten", 2): true
    case ("eintrag", 3): ["bearbeiten", "rueckmeldung", "vernichten"].contains(request.path[2])
    default: false
    }
  }

  /// What somebody was about to do when the session had ended: asks whether to do it now.
  func returned(_ request: ConsoleRequest) throws -> ConsoleResponse {
    let text = request.form["text"] ?? ""
    let view: View = [
      "target": request.address, "text": text, "hasText": !text.isEmpty,
      "kept": request.form.pairs.filter { text.isEmpty || $0.name != "text" }.map {
        ["name": $0.name, "value": $0.value] as View
      },
    ]
    return try page("returned", title: "Noch nicht gespeichert", view, request)
  }
}

extension ConsoleRole {
  fileprivate var explanation: String {
    switch self {
    case .reading: "Suchen, ansehen, drucken."
    case .coordinating: "Auch eintragen, ändern, entscheiden, einlesen und ausgeben."
    case .administering: "Alles, auch Daten endgültig vernichten."
    }
  }
}

extension String {
  fileprivate var trimmingBlanks: String {
    let rest = drop { $0.isWhitespace }
    return String(
      rest[..<(rest.lastIndex { !$0.isWhitespace }.map(rest.index(after:)) ?? rest.startIndex)])
  }
}
