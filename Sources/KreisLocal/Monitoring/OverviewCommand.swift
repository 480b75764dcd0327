// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

extension DirectoryCommands {
  /// Row: the Kreis as its hub sees it.
  ///
  /// | | |
  /// |---|---|
  /// | `at`, `entries` | now, and how many entries of all logs are held |
  /// | `towns` | of each member but the hub: `name`, `title`, `ags`, `revoked`, `connected`, `last_contact`, `lag` (`bundles`, `entries`, `oldest`), `entries`, `missing`, `software`, `requests` that wait for its answer, `overdue` erasures |
  /// | `feeds` | `scope`, `kind`, `town`, `position`, `hash`, and of each reader `statements`: `name`, `title`, `position`, `at`, `hash`, `agrees` |
  /// | `troubles` | what needs a person: `kind`, `text` |
  /// | `invites` | as `hub-invites` has them |
  /// | `networks`, `municipalities` | `id`, `name`, and of networks `municipalities`, else `ags` |
  /// | `samples` | `at`, `entries`, `lags` by town, of two weeks |
  func overview(_ call: LocalCall) throws -> Outcome {
    try call.row(try overviewRow())
    return .done
  }

  /// The row of `overview`.
  func overviewRow() throws -> JSONValue {
    try checkHub()
    let now = now()
    let link = daemon?.status() ?? .null
    let presence = daemon?.presence() ?? [:]
    let figures = figures.latest
    return try read { snapshot -> JSONValue in
      let json = OverviewJSON(snapshot, now: now, presence: presence, figures: figures)
      let graph = try snapshot.isRestored() ? ([], []) : json.graph()
      let overview = try snapshot.memberOverview()
      return [
        "at": .integer(Int(clamping: now)),
        "entries": .integer(Int(clamping: try OverviewJSON.entries(in: snapshot))),
        "towns": .array(try json.towns(overview)), "feeds": .array(try json.feeds()),
        "troubles": .array(try troubles(snapshot, link)),
        "invites": .array(try snapshot.invites(at: now).map(OverviewJSON.invite)),
        "networks": .array(graph.0), "municipalities": .array(graph.1),
        "samples": .array(
          Measurements(in: spool, cache: measurements).samples(at: now).map(OverviewJSON.sample)),
      ]
    }
  }

  /// Notes how far the towns are now, for `overview`, and makes those figures that take a while.
  /// Row: `at`.
  func measure(_ call: LocalCall) throws -> Outcome {
    try checkHub()
    let now = now()
    let sample = try read { snapshot in
      let members = snapshot.membership.members
      var lags: [String: UInt64] = [:]
      for (id, lag) in try snapshot.memberLags() {
        guard let member = members[id], !member.isRevoked else { continue }
        lags[member.name] = lag.entries
      }
      return Measurements.Sample(
        at: now, entries: try OverviewJSON.entries(in: snapshot), lags: lags)
    }
    do { try Measurements(in: spool).note(sample) } catch {
      throw CommandError(.notNow, "The measurements cannot be written: \(error)")
    }
    _ = try dutyFigures(at: now)
    try call.row(["at": .integer(Int(clamping: now))])
    return .done
  }

  private func checkHub() throws(CommandError) {
    guard store.identity.role == .hub else {
      throw CommandError(.wrongUse, "Only the hub has an overview of the towns.")
    }
  }

  private func troubles(_ snapshot: Snapshot, _ link: JSONValue) throws -> [JSONValue] {
    let texts: [(kind: String, texts: [String])] = [
      ("split", StateDirectory.alarms(in: spool)), ("fork", try snapshot.forks()),
      ("damage", store.damages.map(\.finding)),
      ("halted", [link["halted"]?.text].compactMap(\.self)),
      ("gathering", [link["gathering"]?.text].compactMap(\.self)),
      ("store", [link["store_trouble"]?.text].compactMap(\.self)),
    ]
    return texts.flatMap { kind, texts in
      texts.map { ["kind": .string(kind), "text": .string($0)] as JSONValue }
    }
  }
}

/// The parts of an overview.
private struct OverviewJSON {
  private let snapshot: Snapshot
  private let now: UInt64
  private let presence: [MemberID: MemberPresence]
  private let figures: FigureCache.Figures?

  init(
    _ snapshot: Snapshot, now: UInt64, presence: [MemberID: MemberPresence],
    figures: FigureCache.Figures?
  ) {
    self.snapshot = snapshot
    self.now = now
    self.presence = presence
    self.figures = figures
  }

  static func entries(in snapshot: Snapshot) throws -> UInt64 {
    try snapshot.logCompleteness().values.reduce(0) { $0 + $1.entries }
  }

  private static func number(_ value: UInt64?) -> JSONValue {
    value.map { .integer(Int(clamping: $0)) } ?? .null
  }

  // MARK: - Towns

  func towns(_ overview: [MemberOverview]) throws -> [JSONValue] {
    let lags = try snapshot.memberLags()
    var requests: [MemberID: Int] = [:]
    if try !snapshot.isRestored() {
      for known in try snapshot.changeRequests() where known.status == .open {
        if let steward = known.steward { requests[steward, default: 0] += 1 }
      }
    }
    return overview.map { one in
      let lag = lags[one.member.id] ?? MemberLag()
      var contact = one.lastContact
      if case .gone(let since)? = presence[one.member.id] { contact = max(contact ?? 0, since) }
      return [
        "name": .string(one.member.name), "title": .string(one.member.title),
        "ags": .string(one.member.ags), "revoked": .bool(one.member.isRevoked),
        "connected": .bool(presence[one.member.id] == .connected),
        "since": Self.number(one.since), "last_contact": Self.number(contact),
        "lag": [
          "bundles": Self.number(lag.bundles), "entries": Self.number(lag.entries),
          "oldest": Self.number(lag.oldest),
        ],
        "entries": Self.number(one.logs.entries), "missing": Self.number(one.logs.missing),
        "software": one.software.map { .string($0) } ?? .null,
        "requests": .integer(requests[one.member.id] ?? 0),
        "overdue": figures.map { .integer($0.overdue[one.member.name] ?? 0) } ?? .null,
      ]
    }
  }

  // MARK: - Feeds

  /// What each reader last stated of each feed, and whether the hub's feed has that hash there: a hub
  /// that was set back, or showed another history, has not.
  func feeds() throws -> [JSONValue] {
    let hub = snapshot.identity.member
    let stated = Dictionary(grouping: try snapshot.statements(for: hub), by: \.scope)
    var readers: [Scope: Int] = [:]
    for member in snapshot.membership.members.values where member.id != hub && !member.isRevoked {
      for scope in snapshot.membership.readableScopes(of: member.id) {
        readers[scope, default: 0] += 1
      }
    }
    return try snapshot.feedEnds(for: hub).sorted { $0.key < $1.key }.map { scope, end in
      let statements = try (stated[scope] ?? []).filter { $0.member != hub }.compactMap { stored in
        try statement(stored, upTo: end)
      }
      let town = scope.town.flatMap { snapshot.membership.members[$0]?.title }
      return [
        "scope": .string(scope.description), "kind": .string(ScopeKind(scope).rawValue),
        "town": town.map { .string($0) } ?? .null, "position": Self.number(end.position),
        "hash": .string(end.hash.description),
        "readers": .integer(readers[scope] ?? 0),
        "statements": .array(statements),
      ]
    }
  }

  private func statement(_ stored: StoredStatement, upTo end: FeedPosition) throws -> JSONValue? {
    guard let member = snapshot.membership.members[stored.member], !member.isRevoked,
      let signed = try? SignedStatement(reading: stored.statement, signature: stored.signature)
    else { return nil }
    let head = signed.statement.head
    // Of earlier generations' feeds the hub says nothing any more.
    let isPresent = head.hubGeneration == snapshot.feedGeneration
    // Most stated the end.
    let hash =
      head.at == end
      ? end.hash
      : isPresent ? try snapshot.feedHash(of: stored.scope, at: head.at.position) : nil
    return [
      "name": .string(member.name), "title": .string(member.title),
      "position": Self.number(head.at.position), "at": Self.number(stored.at),
      "hash": .string(head.at.hash.description),
      "agrees": isPresent ? .bool(hash == head.at.hash) : .null,
    ]
  }

  // MARK: - Networks

  func graph() throws -> ([JSONValue], [JSONValue]) {
    let directory = try ExportedDirectory(
      snapshot, readers: .kreis, on: BerlinTime.local(Int(clamping: now)).date)
    var networks: [JSONValue] = []
    try directory.records(Schema.directory.kind(named: "network")) { record in
      guard let name = record["name"] else { return }
      networks.append([
        "id": .string(record.id), "name": .string(name),
        "municipalities": .array(record.elements("municipalities").map { .string($0) }),
      ])
    }
    var places: [JSONValue] = []
    try directory.records(Schema.directory.kind(named: "municipality")) { record in
      guard let name = record["name"] else { return }
      places.append([
        "id": .string(record.id), "name": .string(name),
        "ags": record["ags"].map { .string($0) } ?? .null,
      ])
    }
    return (networks, places)
  }

  // MARK: - The rest

  static func invite(_ one: InviteOverview) -> JSONValue {
    [
      "name": .string(one.name), "title": .string(one.title), "ags": .string(one.ags),
      "state": .string(one.state.rawValue), "created_at": number(one.createdAt),
      "expires_at": number(one.expiresAt),
      "member": one.member.map { .string($0.description) } ?? .null,
    ]
  }

  static func sample(_ sample: Measurements.Sample) -> JSONValue {
    [
      "at": number(sample.at), "entries": number(sample.entries),
      "lags": .object(
        sample.lags.sorted { $0.key < $1.key }.map { .init($0.key, number($0.value)) }),
    ]
  }
}
