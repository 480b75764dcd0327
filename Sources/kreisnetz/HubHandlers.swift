import KreisCore
import KreisInterchange
import KreisLocal
import KreisStore

/// The hub's own commands, done by its daemon or, where none runs, by the command's process.
enum HubHandlers {
  static let invite = "hub-invite"
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
      members: { call in try listMembers(store, call) },
      revoke: { call in try revokeMember(store, call) },
      "resync": ResyncHandler.hub(store: store),
    ]
    return handlers.merging(
      GatherHandlers.all(store, directory, offeredAt: offeredAt)
    ) { own, _ in own }
  }

  /// Arguments: `name`, `days`, and either `member` (the name is a member's that lost its key) or
  /// `title` and `ags`. Row: `invite`, `name`, `expires_at`.
  private static func makeInvite(_ store: Store, _ call: LocalCall) throws -> Outcome {
    let days = try call.optionalInteger("days") ?? 7
    guard (1...90).contains(days) else {
      throw CommandError(.wrongUse, "An invite can be valid for 1 to 90 days, not \(days).")
    }
    let secret = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
    let lifetime = UInt64(days) * 86_400
    let invite =
      try call.flag("member")
      ? store.inviteAgain(
        name: call.text("name"), lifetime: lifetime, at: SystemClock.now(), secret: secret)
      : store.invite(
        name: call.text("name"), title: call.text("title"), ags: call.text("ags"),
        lifetime: lifetime, at: SystemClock.now(), secret: secret)
    try call.row([
      "invite": .string(invite.text()), "name": .string(invite.name),
      "expires_at": .integer(Int(invite.expiresAt)),
    ])
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
