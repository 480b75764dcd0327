// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import KreisCore
import KreisInterchange
import KreisLocal
import KreisStore
import Synchronization
import Testing

/// A hub and a town as real state directories, whose exchange is called instead of carried.
final class Replicas: Sendable {
  let root: URL
  let hubDirectory: StateDirectory
  let townDirectory: StateDirectory
  let hub: Store
  let town: Store
  private let clock = Mutex<UInt64>(1_800_000_100)

  init() async throws {
    root = FileManager.default.temporaryDirectory
      .appendingPathComponent("kn-\(UInt32.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: root, withIntermediateDirectories: false)
    let rootKey = SigningKey()
    let hubKey = SigningKey()
    let townKey = SigningKey()
    let realm = try #require(RealmID(VerifyingKey(of: rootKey).bytes))
    let member = try #require(MemberID(0x10_0000_0001))
    let identity = { (role: Identity.Role, member: MemberID, name: String, title: String) in
      Identity(
        role: role, realm: realm, member: member, generation: 1, name: name, title: title,
        ags: "05962", kreis: "Märkischer Kreis", hubURL: "https://127.0.0.1:8443", hubPin: nil)
    }
    let certificate = try RootCertificate(
      certifying: VerifyingKey(of: hubKey), of: member, generation: 1, closing: [],
      title: "Märkischer Kreis", ags: "05962", with: rootKey)
    hubDirectory = try StateDirectory.prepare(root.path + "/hub")
    townDirectory = try StateDirectory.prepare(root.path + "/halver")
    let random: @Sendable () -> UInt64 = { .random(in: .min ... .max) }
    hub = try Store.createHub(
      at: hubDirectory.database, identity: identity(.hub, member, "hub", "Märkischer Kreis"),
      key: hubKey, certificate: certificate, at: 1_800_000_000, random: random)
    try hub.saveInvite(
      StoredInvite(
        name: "halver", title: "Halver", ags: "05962012", secret: [1], expiresAt: 1_900_000_000,
        usedBy: nil, member: nil), at: 1_800_000_000)
    let joined = try await hub.join(
      name: "halver", key: VerifyingKey(of: townKey), at: 1_800_000_000
    ) { _ in true }.get()
    town = try Store.create(
      at: townDirectory.database, identity: identity(.town, joined.id, "halver", "Halver"),
      key: townKey, random: random)
    try await sync()
  }

  deinit { try? FileManager.default.removeItem(at: root) }

  /// Pushes what the town has, then fetches what the hub has.
  func sync() async throws {
    for log in try await town.unsent().logs {
      while let bundle = try await town.nextBundle(of: log) {
        guard case .accepted = try await hub.accept(bundle, from: town.identity.member) else {
          throw StoreError.rejected("the hub did not accept \(log)")
        }
        town.acknowledge(log, through: bundle.last)
      }
    }
    while true {
      let cursors = try await town.read { try $0.feedCursors() }
      let answer = try await hub.feedChunk(
        for: town.identity.member, after: cursors, includeOwn: false, bytes: 1_000_000)
      guard case .chunk(let wire) = answer else {
        throw StoreError.rejected("the hub refuses: \(answer)")
      }
      if try await town.merge(try UnverifiedChunk(wire)) { return }
    }
  }

  /// Lets the clock of commands go on.
  func sleep(days: UInt64) { clock.withLock { $0 += days * 86_400 } }

  /// Brings the hub a replica's statements.
  func state(_ store: Store) async throws {
    let signer = store.signer
    let heads = try await store.read { try $0.feedHeads() }
    let statements = try heads.map { head in
      let wire = try FeedStatement(
        realm: signer.identity.realm, member: signer.identity.member,
        generation: signer.identity.generation, head: head, foldVersion: foldVersion,
        protocolVersion: 1, at: 1_800_001_000, software: "test"
      ).signed(with: signer.key)
      return StoredStatement(
        try SignedStatement(reading: Array(wire.statement), signature: Array(wire.signature)))
    }
    try await hub.saveStatements(statements)
  }

  /// Every call of its clock is a second later.
  func executor(of store: Store, daemon: DaemonView? = nil) -> CommandExecutor {
    CommandExecutor(
      store: store, spool: root.path,
      now: { [weak self] in
        self?.clock.withLock { now in
          now += 1
          return now
        } ?? 0
      }, daemon: daemon)
  }

  // MARK: - Commands

  func run(_ store: Store, _ request: LocalRequest, input: String = "") -> Answer {
    let answer = Mutex(Answer())
    var rest: [UInt8]? = Array(input.utf8)
    let call = LocalCall(
      request,
      input: {
        defer { rest = nil }
        return rest
      }, reply: { reply in answer.withLock { $0.take(reply) } })
    executor(of: store).run(call)
    return answer.withLock { $0 }
  }

  func add(
    _ store: Store, _ kind: String, _ changes: String..., publish: Bool = true, role: String = ""
  ) -> Answer {
    let arguments: JSONValue = [
      "kind": .string(kind), "changes": json(changes), "publish": .bool(publish),
    ]
    return run(store, LocalRequest("add", arguments, role: role))
  }

  func edit(
    _ store: Store, _ id: String, _ changes: String..., publish: Bool = true, role: String = ""
  ) -> Answer {
    let arguments: JSONValue = [
      "id": .string(id), "changes": json(changes), "publish": .bool(publish),
    ]
    return run(store, LocalRequest("edit", arguments, role: role))
  }

  func show(_ store: Store, _ id: String) -> JSONValue? {
    run(store, LocalRequest("show", ["id": .string(id)])).rows.first
  }

  func list(_ store: Store, _ kind: String, _ filters: String...) -> [JSONValue] {
    run(store, LocalRequest("list", ["kind": .string(kind), "filters": json(filters)])).rows
  }

  func `import`(
    _ store: Store, _ input: String, keepsGoing: Bool = false, format: String = "ndjson",
    kind: String? = nil, publish: Bool = false, isDryRun: Bool = false, role: String = ""
  ) -> Answer {
    let arguments: JSONValue = [
      "format": .string(format), "keep_going": .bool(keepsGoing),
      "kind": kind.map { .string($0) } ?? .null, "publish": .bool(publish),
      "dry_run": .bool(isDryRun),
    ]
    let request = LocalRequest("import", arguments, role: role, hasInput: true)
    return run(store, request, input: input)
  }

  private func json(_ changes: [String]) -> JSONValue {
    .array(changes.compactMap { try? FieldChange(argument: $0, file: { $0 }).json })
  }
}

/// What a command answered.
struct Answer: Sendable {
  private(set) var rows: [JSONValue] = []
  private(set) var failure: CommandError?
  private(set) var outcome: Outcome?

  mutating func take(_ reply: LocalReply) {
    switch reply {
    case .row(let value): rows.append(value)
    case .heading, .progress: break
    case .failure(let error):
      failure = error
      outcome = error.outcome
    case .done(let code): outcome = code
    }
  }

  /// The id that an answer names.
  var id: String {
    guard case .string(let id) = rows.first?["id"] else { return "" }
    return id
  }

  /// The numbers of an import's report.
  var counts: [Int] {
    ["created", "changed", "unchanged", "refused"].map { name in
      guard case .number(let lexeme) = rows.last?[name] else { return -1 }
      return Int(lexeme) ?? -1
    }
  }

  /// The errors of an import's report, as `line: reason`.
  var errors: [String] {
    guard case .array(let errors) = rows.last?["errors"] else { return [] }
    return errors.map { error in
      guard case .number(let line) = error["line"], case .string(let reason) = error["reason"]
      else { return "?" }
      return "\(line): \(reason)"
    }
  }
}

extension JSONValue {
  /// A field's value in what `show` answers.
  func field(_ name: String) -> JSONValue? { self["fields"]?[name]?["value"] }
  func scope(_ name: String) -> JSONValue? { self["fields"]?[name]?["scope"] }
}
