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
/// | `/konflikte` | what somebody must decide |
/// | `/kreis/…` | at a hub, the towns and who takes part |
/// | `/ereignisse` | server-sent events |
struct Console: Sendable {
  let client: ConsoleClient
  let events: EventHub
  let now: @Sendable () -> UInt64
  private let templates: Templates
  private let gate = RequestGuard()

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
    "input": PackageResources.input_mustache, "due": PackageResources.due_mustache,
    "requests": PackageResources.requests_mustache, "hub": PackageResources.hub_mustache,
    "places": PackageResources.places_mustache, "troubles": PackageResources.troubles_mustache,
    "proofs": PackageResources.proofs_mustache, "members": PackageResources.members_mustache,
    "invited": PackageResources.invited_mustache, "revoke": PackageResources.revoke_mustache,
    "audit": PackageResources.audit_mustache,
  ]

  /// - Throws: an error of the templates.
  init(
    _ executor: CommandExecutor, now: @escaping @Sendable () -> UInt64,
    isStopping: @escaping @Sendable () -> Bool
  ) throws {
    let client = ConsoleClient(executor, isStopping: isStopping)
    self.client = client
    self.now = now
    templates = try Templates(Self.texts)
    events = EventHub(executor.store.commits, isHub: executor.store.identity.role == .hub) {
      await onOwnThread {
        (try? client.row("sync")).map { SyncLight($0, GermanTime(now: now())) }
      }
    }
  }

  // MARK: - Requests

  /// - Parameter body: `nil`: it was too long.
  func answer(_ head: HTTPRequest, body: [UInt8]?) -> ConsoleResponse {
    var request: ConsoleRequest?
    do {
      try gate.check(head)
      guard let body else { throw Refusal.tooLarge }
      let read = try ConsoleRequest(head, body: body)
      request = read
      if read.method == .post { try gate.checkToken(read) }
      return try respond(to: read)
    } catch let refusal as Refusal {
      return page(refusal, request)
    } catch {
      return page(Self.refusal(CommandError(error)), request)
    }
  }

  private func respond(to request: ConsoleRequest) throws -> ConsoleResponse {
    let path = "/" + request.path.joined(separator: "/")
    if let asset = Self.files.first(where: { $0.path == path }) {
      try request.allow(.get)
      return .file(asset.bytes, asset.type)
    }
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
    case ("kreis", _): return try hub(request)
    case ("ereignisse", 1):
      try request.allow(.get)
      guard let stream = events.subscribe() else { throw Refusal.stopping }
      return ConsoleResponse(
        fields: [.contentType: "text/event-stream", .cacheControl: "no-store"],
        body: .events(stream))
    default: throw Refusal.notFound
    }
  }

  static func refusal(_ error: CommandError) -> Refusal {
    switch error.outcome {
    case .no: .notFound
    case .notNow: .notNow(error.text)
    case .wrongUse, .done: .failed(error.text)
    }
  }

  // MARK: - Pages

  /// A page within the layout.
  ///
  /// - Throws: `CommandError`.
  func page(
    _ template: String, title: String, _ view: View, _ request: ConsoleRequest?,
    status: HTTPResponse.Status = .ok
  ) throws -> ConsoleResponse {
    let sync = try client.row("sync")
    let token = gate.token(request)
    let light = SyncLight(sync, GermanTime(now: now()))
    let conflicts = Int(clamping: sync["conflicts"]?.unsigned ?? 0)
    let place = request?.path.first ?? ""
    let frame: View = [
      "title": title, "town": sync["title"]?.text ?? "", "kreis": sync["kreis"]?.text ?? "",
      "training": sync["training"] == .bool(true), "trainingText": TrainingRealm.heading,
      "light": ["state": light.state.rawValue, "text": light.text] as View, "token": token,
      "style": Self.style.address, "script": Self.script.address, "icon": Asset.icon.address,
      "isStart": place.isEmpty && request != nil, "isConflicts": place == "konflikte",
      "isRequests": place == "rueckmeldungen", "isDue": place == "faellig",
      "isHub": sync["role"] == "hub", "isKreis": place == "kreis",
      "openConflicts": conflicts == 0 ? false : conflicts as Any,
      "subject": (request?.path.first == "eintrag" ? request?.path[1] : nil) as Any? ?? false,
    ]
    var response = ConsoleResponse.page(templates.page(template, view, in: frame), status)
    if request?.cookies[ConsoleRequest.tokenCookie] != token {
      response.fields[.setCookie] =
        "\(ConsoleRequest.tokenCookie)=\(token); Path=/; HttpOnly; SameSite=Strict"
    }
    return response
  }

  private func page(_ refusal: Refusal, _ request: ConsoleRequest?) -> ConsoleResponse {
    let view: View = [
      "heading": refusal.title, "text": refusal.text, "detail": refusal.detail as Any? ?? false,
    ]
    var response: ConsoleResponse
    // Whoever is no page of this console learns nothing but the refusal.
    if let request,
      let page = try? page("message", title: refusal.title, view, request, status: refusal.status)
    {
      response = page
    } else {
      response = .page(
        "<!doctype html><html lang=\"de\"><title>\(refusal.title)</title>"
          + "<h1>\(refusal.title)</h1><p>\(refusal.text)</p></html>", refusal.status)
    }
    if let allowed = refusal.allowed { response.fields[.allow] = allowed }
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
