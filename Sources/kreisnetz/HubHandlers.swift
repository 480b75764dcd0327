// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisLocal
import KreisStore

/// The hub's own commands, done by its daemon or, where none runs, by the command's process.
enum HubHandlers {
  static let invite = "hub-invite"
  static let invites = "hub-invites"
  static let withdraw = "hub-withdraw"
  static let checkCertificate = "hub-check-certificate"
  static let members = "hub-members"
  static let revoke = "hub-revoke"

  /// By name, as `CommandExecutor` takes them.
  ///
  /// - Throws: `CommandError` for a town's replica.
  static func all(
    _ store: Store, _ directory: StateDirectory
  ) throws(CommandError) -> [String: CommandHandler] {
    try all(store, directory, offeredAt: { _ in nil })
  }

  /// - Parameter offeredAt: when a member last offered something to this hub that gathers.
  static func all(
    _ store: Store, _ directory: StateDirectory,
    offeredAt: @escaping @Sendable (MemberID) -> UInt64?
  ) throws(CommandError) -> [String: CommandHandler] {
    guard store.identity.role == .hub else {
      throw CommandError(
        .wrongUse,
        "\(directory.path) belongs to the town \(store.identity.title); name the hub's directory.")
    }
    let handlers: [String: CommandHandler] = [
      invite: { call in try makeInvite(store, call) },
      invites: { call in try listInvites(store, call) },
      withdraw: { call in try withdrawInvite(store, call) },
      checkCertificate: { call in try checkCertificate(store, call) },
      members: { call in try listMembers(store, call) },
      revoke: { call in try revokeMember(store, call) },
      "resync": ResyncHandler.hub(store: store),
    ]
    return handlers.merging(
      GatherHandlers.all(store, directory, offeredAt: offeredAt)
    ) { own, _ in own }
  }

  /// Arguments: `name`, `days`, and either `member` (the name is a member's that lost its key),
  /// `title` and `ags`, or nothing more for a town that was invited before and did not join. Row:
  /// `invite`, `name`, `title`, `expires_at`.
  private static func makeInvite(_ store: Store, _ call: LocalCall) throws -> Outcome {
    let days = try call.optionalInteger("days") ?? 7
    guard (1...90).contains(days) else {
      throw CommandError(.wrongUse, "An invite can be valid for 1 to 90 days, not \(days).")
    }
    let secret = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
    let lifetime = UInt64(days) * 86_400
    let (name, now) = (try call.text("name"), SystemClock.now())
    let invite =
      if try call.flag("member") {
        try store.inviteAgain(name: name, lifetime: lifetime, at: now, secret: secret)
      } else if let title = try call.optionalText("title") {
        try store.invite(
          name: name, title: title, ags: call.text("ags"), lifetime: lifetime, at: now,
          secret: secret)
      } else {
        try store.reissueInvite(name: name, lifetime: lifetime, at: now, secret: secret)
      }
    try call.row([
      "invite": .string(invite.text()), "name": .string(invite.name),
      "title": .string(invite.title), "expires_at": .integer(Int(invite.expiresAt)),
    ])
    return .done
  }

  /// Rows: `name`, `title`, `ags`, `state`, `created_at`, `expires_at`, and `member` where there is
  /// one. Never a secret.
  private static func listInvites(_ store: Store, _ call: LocalCall) throws -> Outcome {
    for one in try store.blockingRead({ try $0.invites(at: SystemClock.now()) }) {
      try call.row([
        "name": .string(one.name), "title": .string(one.title), "ags": .string(one.ags),
        "state": .string(one.state.rawValue), "created_at": .integer(Int(one.createdAt)),
        "expires_at": .integer(Int(one.expiresAt)),
        "member": one.member.map { .string($0.description) } ?? .null,
      ])
    }
    return .done
  }

  /// Argument: `certificate`, of a town that left. Row: `valid`, and of whom it says to be: `name`,
  /// `title`, `revoked`.
  private static func checkCertificate(_ store: Store, _ call: LocalCall) throws -> Outcome {
    let document = try call.text("certificate")
    let certificate: FarewellCertificate
    do throws(MalformedBytes) { certificate = try FarewellCertificate(document: document) } catch {
      throw CommandError(.wrongUse, "\(error).")
    }
    let membership = store.membership
    let member = membership.members[certificate.member]
    let isValid = certificate.isValid(under: membership)
    try call.row([
      "valid": .bool(isValid), "name": member.map { .string($0.name) } ?? .null,
      "title": member.map { .string($0.title) } ?? .null,
      "revoked": .bool(member?.isRevoked ?? false),
    ])
    return isValid ? .done : .no
  }

  /// Argument: `name`. Row: `name`.
  private static func withdrawInvite(_ store: Store, _ call: LocalCall) throws -> Outcome {
    let name = try call.text("name")
    try store.withdrawInvite(named: name)
    try call.row(["name": .string(name)])
    return .done
  }

  /// Argument: `name`. Row: `member`, `name`, `title`.
  private static func revokeMember(_ store: Store, _ call: LocalCall) throws -> Outcome {
    let name = try call.text("name")
    guard let member = store.membership.members.values.first(where: { $0.name == name }) else {
      throw CommandError(.wrongUse, "There is no member '\(name)'.")
    }
    try store.revoke(member.id, at: SystemClock.now())
    try call.row([
      "member": .string(member.id.description), "name": .string(name),
      "title": .string(member.title),
    ])
    return .done
  }

  /// Rows: `member`, `name`, `title`, `ags`, `generation`, `since`, `last_contact`, `position`,
  /// `lag`, `entries` held of its logs, `missing` up to their known ends, `software`, `revoked`.
  private static func listMembers(_ store: Store, _ call: LocalCall) throws -> Outcome {
    for one in try store.blockingRead({ try $0.memberOverview() }) {
      try call.row([
        "member": .string(one.member.id.description), "name": .string(one.member.name),
        "title": .string(one.member.title), "ags": .string(one.member.ags),
        "generation": .integer(Int(one.member.generation)), "since": .integer(Int(one.since)),
        "last_contact": one.lastContact.map { .integer(Int($0)) } ?? .null,
        "position": .integer(Int(one.position)), "lag": .integer(Int(one.lag)),
        "entries": .integer(Int(one.logs.entries)), "missing": .integer(Int(one.logs.missing)),
        "software": one.software.map { .string($0) } ?? .null,
        "revoked": .bool(one.member.isRevoked),
      ])
    }
    return .done
  }
}
