// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisLocal
import KreisStore

/// What a hub that gathers does for its admin. The root key is never among it: certificates come
/// signed.
enum GatherHandlers {
  static let show = "hub-gather"
  static let renewal = "hub-renewal"
  static let close = "hub-gather-close"

  /// - Parameter offeredAt: when a member last offered something since the daemon started.
  static func all(
    _ store: Store, _ directory: StateDirectory,
    offeredAt: @escaping @Sendable (MemberID) -> UInt64?
  ) -> [String: CommandHandler] {
    [
      show: { call in
        try checkGathering(store)
        for row in try completeness(store, offeredAt) { try call.row(row) }
        return .done
      },
      renewal: { call in
        try checkGathering(store)
        try call.row(CertificateRequest.json(try store.blockingRead { try $0.renewal() }))
        return .done
      },
      close: { call in
        guard let bytes = Base64.decode(try call.text("certificate")),
          case .root(let certificate)? = try Control(decoding: bytes)
        else { throw CommandError(.wrongUse, "The certificate cannot be read.") }
        let key = try directory.requiredKey(generation: certificate.generation)
        try store.closeGathering(certificate, key: key, at: SystemClock.now())
        return .done
      },
    ]
  }

  private static func checkGathering(_ store: Store) throws {
    guard store.isGathering else {
      throw CommandError(
        .wrongUse,
        "The hub does not gather. That begins with: kreisnetz hub init --recover")
    }
  }

  /// Rows: `member`, `name`, `title`, `entries` held of its logs, `missing` up to the known ends of
  /// closed ones, `offered_at`.
  private static func completeness(
    _ store: Store, _ offeredAt: (MemberID) -> UInt64?
  ) throws -> [JSONValue] {
    let logs = try store.blockingRead { try $0.logCompleteness() }
    let members = store.membership.members.values.filter { $0.id != store.identity.member }
    let rows = members.sorted { $0.name < $1.name }.map {
      (id: $0.id, name: $0.name, title: $0.title)
    }
    let hub = store.identity
    return ([(id: hub.member, name: hub.name, title: hub.title)] + rows).map { member in
      let held = logs[member.id]
      return [
        "member": .string(member.id.description), "name": .string(member.name),
        "title": .string(member.title), "entries": .integer(Int(held?.entries ?? 0)),
        "missing": .integer(Int(held?.missing ?? 0)),
        "offered_at": offeredAt(member.id).map { .integer(Int($0)) } ?? .null,
      ]
    }
  }
}

/// What the root key is to certify, between the daemon and the command that signs.
struct CertificateRequest {
  let hub: MemberID
  let generation: UInt32
  let closes: [ClosedLog]
  let title: String
  let ags: String
  /// The last generation of the hub of which anything was gathered.
  let gathered: UInt32

  static func json(_ renewal: Renewal) -> JSONValue {
    [
      "hub": .string(renewal.hub.description), "generation": .integer(Int(renewal.generation)),
      "title": .string(renewal.title), "ags": .string(renewal.ags),
      "gathered": .integer(Int(renewal.gathered)),
      "closes": .array(
        renewal.closes.map { closed in
          [
            "generation": .integer(Int(closed.generation)),
            "scope": .string(closed.scope.description), "last": .number(String(closed.last)),
          ]
        }),
    ]
  }

  /// - Throws: `CommandError` if it is nothing of this version.
  init(_ json: JSONValue) throws(CommandError) {
    let strange = CommandError(
      .notNow, "The running daemon answers something that this version does not understand.")
    guard let hub = json["hub"]?.text.flatMap({ MemberID(text: $0) }),
      let generation = json["generation"]?.unsigned.flatMap({ UInt32(exactly: $0) }),
      let gathered = json["gathered"]?.unsigned.flatMap({ UInt32(exactly: $0) }),
      let title = json["title"]?.text, let ags = json["ags"]?.text,
      case .array(let logs)? = json["closes"]
    else { throw strange }
    var closes: [ClosedLog] = []
    for log in logs {
      guard let generation = log["generation"]?.unsigned.flatMap({ UInt32(exactly: $0) }),
        let scope = log["scope"]?.text.flatMap({ Scope(text: $0) }),
        let last = log["last"]?.unsigned
      else { throw strange }
      closes.append(ClosedLog(generation: generation, scope: scope, last: last))
    }
    self.hub = hub
    self.generation = generation
    self.closes = closes
    self.title = title
    self.ags = ags
    self.gathered = gathered
  }
}
