// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import KreisCore
import KreisInterchange
import KreisLocal
import KreisPages
import KreisStore

/// Answers requests with pages. All is read and changed by commands of the executor.
///
/// | address | what |
/// |---|---|
/// | `/` | search and list |
/// | `/eintrag/ID`, `/eintrag/ID/verlauf` | a record, its history |
/// | `/eintrag/ID/bearbeiten`, `/neu/KIND` | forms |
/// | `/eintrag/ID/rueckmeldung`, `/rueckmeldungen` | change requests |
/// | `/faellig` | what is to be confirmed |
/// | `/daten/…`, `/loeschungen` | import, export, what was erased |
/// | `/konflikte` | what somebody must decide |
/// | `/freigaben` | what waits for a second person before it becomes public |
/// | `/dubletten` | what is probably entered twice |
/// | `/netzwerke` | networks, their members and meetings |
/// | `/druck` | the list to be printed |
/// | `/kreis/…` | at a hub, the towns and who takes part |
/// | `/barrierefreiheit` | the accessibility statement |
/// | `/ereignisse` | server-sent events |
/// | `/anmelden`, `/abmelden`, `/konto` | signing in and out |
struct Console: Sendable {
  /// Runs commands for whoever asks.
  private(set) var client: ConsoleClient
  let events: EventHub
  let now: @Sendable () -> UInt64
  let desk: SignInDesk
  let uploads = Uploads()
  /// Where files without a name lie while they are needed.
  let spool: String
  private let templates: Templates
  private let log: @Sendable (CommandError) -> Void
  private let gate: RequestGuard
  private let contact: PageContact

  static let style = Asset.style(
    "/console.css", PackageResources.console_css + PackageResources.hub_css)
  static let script = Asset(
    "/console.js", PackageResources.console_js, "text/javascript; charset=utf-8")
  private static let files = [style, script, Asset.icon]
  private static let texts: KeyValuePairs<String, [UInt8]> = [
    "layout": PackageResources.layout_mustache, "start": PackageResources.start_mustache,
    "record": PackageResources.record_mustache, "history": PackageResources.history_mustache,
    "entries": PackageResources.entries_mustache, "part": PackageResources.part_mustache,
    "fields": PackageResources.fields_mustache,
    "conflicts": PackageResources.conflicts_mustache,
    "conflict": PackageResources.conflict_mustache,
    "message": PackageResources.message_mustache, "form": PackageResources.form_mustache,
    "input": PackageResources.input_mustache, "reference": PackageResources.reference_mustache,
    "rhythm": PackageResources.rhythm_mustache, "networks": PackageResources.networks_mustache,
    "network": PackageResources.network_mustache,
    "duplicates": PackageResources.duplicates_mustache,
    "comparison": PackageResources.comparison_mustache, "merge": PackageResources.merge_mustache,
    "sheet": PackageResources.sheet_mustache, "releases": PackageResources.releases_mustache,
    "due": PackageResources.due_mustache,
    "requests": PackageResources.requests_mustache,
    "hub": PackageResources.hub_mustache,
    "places": PackageResources.places_mustache, "pages": PackageResources.pages_mustache,
    "troubles": PackageResources.troubles_mustache,
    "proofs": PackageResources.proofs_mustache, "members": PackageResources.members_mustache,
    "invited": PackageResources.invited_mustache, "revoke": PackageResources.revoke_mustache,
    "audit": PackageResources.audit_mustache,
    "signin": PackageResources.signin_mustache, "account": PackageResources.account_mustache,
    "returned": PackageResources.returned_mustache, "data": PackageResources.data_mustache,
    "erasures": PackageResources.erasures_mustache, "erase": PackageResources.erase_mustache,
    "certificate": PackageResources.certificate_mustache,
    "import": PackageResources.import_mustache, "preview": PackageResources.preview_mustache,
    "imported": PackageResources.imported_mustache,
    "findings": PackageResources.findings_mustache, "export": PackageResources.export_mustache,
    "accessibility": SharedTexts.accessibility,
  ]

  /// - Parameters:
  ///   - address: as browsers have it behind a proxy with TLS; `nil`: there is none.
  ///   - contact: whom readers can turn to.
  ///   - log: notes what failed and has no words of its own on a page.
  /// - Throws: an error of the templates.
  init(
    _ executor: CommandExecutor, desk: SignInDesk, spool: String, address: String? = nil,
    contact: PageContact = PageContact(), now: @escaping @Sendable () -> UInt64,
    isStopping: @escaping @Sendable () -> Bool, log: @escaping @Sendable (CommandError) -> Void
  ) throws {
    self.log = log
    let client = ConsoleClient(executor, isStopping: isStopping)
    self.client = client
    self.now = now
    templates = try Templates(Self.texts)
    self.desk = desk
    self.spool = spool
    gate = RequestGuard(address: address)
    self.contact = contact
    // Which town this is, and how its exchange stands, is no matter of anybody's rights.
    let own = client.by(.anybody)
    events = EventHub(executor.store.commits, isHub: executor.store.identity.role == .hub) {
      await onOwnThread {
        (try? own.row("sync")).map { SyncLight($0, GermanTime(now: now())) }
      }
    }
  }

  // MARK: - Requests

  /// - Parameter body: `nil`: it was too long.
  func answer(_ head: HTTPRequest, body: [UInt8]?, from caller: Caller) -> ConsoleResponse {
    var request: ConsoleRequest?
    do {
      let isSecure = try gate.check(head)
      guard let body else { throw Refusal.tooLarge(upload: Self.isUpload(head)) }
      var read = try ConsoleRequest(head, body: body, isSecure: isSecure)
      request = read
      if read.method == .post { try gate.checkToken(read) }
      if let asset = asset(read) {
        try read.allow(.get)
        return .file(asset.bytes, asset.type)
      }
      // Whoever cannot sign in may be who needs it most.
      if read.path == ["barrierefreiheit"] {
        try read.allow(.get)
        read.person = try? desk.person(head, read, from: caller)
        return try accessibility(read)
      }
      read.person = try desk.person(head, read, from: caller)
      request = read
      return try self.for(read.person, sending: read.method == .post)
        .respond(to: read, from: address(head, caller))
    } catch let refusal as Refusal {
      return page(refusal, request)
    } catch {
      return page(refusal(CommandError(error)), request)
    }
  }

  /// How many bytes of a form are taken.
  ///
  /// - Parameter usual: of forms without files.
  func bodyLimit(_ head: HTTPRequest, from caller: Caller, usual: Int) -> Int {
    // What was typed before signing in again comes along, and each name is longer.
    if head.path == "/anmelden" { return 2 * usual }
    guard Self.isUpload(head), let isSecure = try? gate.check(head),
      let request = try? ConsoleRequest(head, body: [], isSecure: isSecure),
      let person = try? desk.person(head, request, from: caller), person.may("import")
    else { return usual }
    return Self.uploadLimit + usual
  }

  private static func isUpload(_ head: HTTPRequest) -> Bool {
    head.method == .post && head.path == "/daten/einlesen"
  }

  /// The same for one who asks.
  ///
  /// - Parameter isSending: whether a form was sent.
  func `for`(_ person: ConsolePerson?, sending isSending: Bool = true) -> Console {
    var console = self
    console.client = isSending ? client.by(person).patient : client.by(person)
    return console
  }

  private func asset(_ request: ConsoleRequest) -> Asset? {
    let path = "/" + request.path.joined(separator: "/")
    return Self.files.first { $0.path == path }
  }

  /// Where a request comes from. A reverse proxy in front says last whom it speaks for.
  private func address(_ head: HTTPRequest, _ caller: Caller) -> String {
    let forwarded = head.headerFields[values: .forwardedFor].last?.split(separator: ",").last
    guard gate.authority != nil, let forwarded else { return caller.address ?? "" }
    return String(forwarded.filter { $0 != " " }.prefix(64))
  }

  /// - Parameter address: where the request comes from.
  private func respond(to request: ConsoleRequest, from address: String) throws -> ConsoleResponse {
    if let response = try signing(request, from: address) { return response }
    return try respond(to: request)
  }

  /// Answers somebody who is known.
  func respond(to request: ConsoleRequest) throws -> ConsoleResponse {
    guard !request.isReturned || Self.showsReturned(request) else { return try returned(request) }
    switch (request.path.first, request.path.count) {
    case (nil, _):
      try request.allow(.get)
      return try start(request)
    case ("eintrag", 2...):
      return try record(request, id: request.path[1], Array(request.path.dropFirst(2)))
    case ("konflikte", 1):
      try request.allow(.get)
      return try conflictList(request)
    case ("neu", 2): return try add(request, kind: request.path[1])
    case ("rueckmeldungen", 1...3): return try requests(request)
    case ("faellig", 1): return try due(request)
    case ("freigaben", 1...2): return try releases(request)
    case ("dubletten", 1...2): return try duplicates(request)
    case ("netzwerke", 1...2): return try networks(request)
    case ("druck", 1):
      try request.allow(.get)
      return try sheet(request)
    case ("daten", 1...): return try data(request)
    case ("loeschungen", 1...3): return try erasures(request)
    case ("kreis", _): return try hub(request)
    case ("ereignisse", 1):
      try request.allow(.get)
      guard let stream = events.subscribe(while: desk.watch(request)) else {
        throw Refusal.stopping
      }
      return ConsoleResponse(
        fields: [.contentType: "text/event-stream", .cacheControl: "no-store"],
        body: .events(stream))
    default: throw Refusal.notFound
    }
  }

  /// What a page says of it.
  func refusal(_ error: CommandError) -> Refusal {
    if error.rejection == nil, error.outcome != .no { log(error) }
    return Refusal(error)
  }

  // MARK: - Pages

  /// A page within the layout.
  ///
  /// - Parameter seconds: after how many the page comes anew by itself, also without script.
  /// - Throws: `CommandError`.
  func page(
    _ template: String, title: String, _ view: View, _ request: ConsoleRequest?,
    status: HTTPResponse.Status = .ok, again seconds: Int? = nil
  ) throws -> ConsoleResponse {
    let sync = try client.by(.anybody).row("sync")
    let person = request?.person
    let token = gate.token(request)
    let light = SyncLight(sync, GermanTime(now: now()))
    let conflicts = Int(clamping: sync["conflicts"]?.unsigned ?? 0)
    let place = request?.path.first ?? ""
    let frame: View = [
      "title": title, "town": sync["title"]?.text ?? "", "kreis": sync["kreis"]?.text ?? "",
      "training": sync["training"] == .bool(true), "trainingText": TrainingRealm.heading,
      "light": ["state": light.state.rawValue, "text": light.text] as View, "token": token,
      "style": Self.style.address, "script": Self.script.address, "icon": Asset.icon.address,
      "again": seconds as Any? ?? false, "isOpen": person != nil,
      "account": person?.account as Any? ?? false,
      "maySignOut": desk.way == .accounts,
      "isStart": place.isEmpty && request != nil,
      "isConflicts": place == "konflikte" || place == "freigaben",
      "isRequests": place == "rueckmeldungen", "isDue": place == "faellig",
      "isDuplicates": place == "dubletten", "isNetworks": place == "netzwerke",
      "imprint": contact.imprint as Any? ?? false, "privacy": contact.privacy as Any? ?? false,
      "isData": ["daten", "loeschungen"].contains(place),
      "isHub": sync["role"] == "hub", "isKreis": place == "kreis",
      "openConflicts": conflicts == 0 ? false : conflicts as Any,
      "subject": (place == "eintrag" ? request?.path.dropFirst().first : nil) as Any? ?? false,
    ]
    var response = ConsoleResponse.page(templates.page(template, view, in: frame), status)
    if let request, request.cookie(ConsoleRequest.tokenCookie) != token {
      response.set(request.setCookie(ConsoleRequest.tokenCookie, token))
    }
    return response
  }

  private func accessibility(_ request: ConsoleRequest) throws -> ConsoleResponse {
    let title = try client.by(.anybody).row("sync")["title"]?.text ?? ""
    var view = contact.view(subject: "Barriere in der Kreisnetz-Konsole")
    view["scope"] = "Diese Erklärung gilt für die Kreisnetz-Konsole, \(title)."
    view["isConsole"] = true
    return try page("accessibility", title: "Barrierefreiheit", view, request)
  }

  func page(_ refusal: Refusal, _ request: ConsoleRequest?) -> ConsoleResponse {
    let view: View = [
      "heading": refusal.title, "text": refusal.text, "isWaiting": refusal.retryAfter != nil,
      "address": request?.address ?? "/",
    ]
    // What was sent would be lost by coming anew.
    let again = request?.method == .get ? refusal.retryAfter : nil
    var response: ConsoleResponse
    // Whoever is no page of this console learns nothing but the refusal.
    if let request,
      let page = try? page(
        "message", title: refusal.title, view, request, status: refusal.status, again: again)
    {
      response = page
    } else {
      response = .page(
        "<!doctype html><html lang=\"de\"><title>\(refusal.title)</title>"
          + "<h1>\(refusal.title)</h1><p>\(refusal.text)</p></html>", refusal.status)
    }
    if let allowed = refusal.allowed { response.fields[.allow] = allowed }
    if let seconds = refusal.retryAfter { response.fields[.retryAfter] = String(seconds) }
    return response
  }
}

extension ConsoleRequest {
  /// - Throws: `Refusal` for another method.
  func allow(_ wanted: HTTPRequest.Method) throws(Refusal) {
    let isRead = wanted == .get && method == .head
    guard method == wanted || isRead else {
      throw .wrongMethod(wanted == .get ? "GET, HEAD" : wanted.rawValue)
    }
  }
}
