// SPDX-License-Identifier: EUPL-1.2

/// One control entry and its place in the hub's public logs.
package struct ControlEntry: Hashable, Sendable {
  package let hubGeneration: UInt32
  package let sequence: UInt64
  package let control: Control

  package init(hubGeneration: UInt32, sequence: UInt64, control: Control) {
    self.hubGeneration = hubGeneration
    self.sequence = sequence
    self.control = control
  }
}

/// A town or the hub, as the control entries describe it.
package struct Member: Hashable, Sendable {
  package let id: MemberID
  package let name: String
  package let title: String
  package let ags: String
  /// By generation.
  package var keys: [UInt32: VerifyingKey]
  package var isRevoked = false
  /// Entries and bytes; `nil`: the default of the hub.
  package var quota: (entries: UInt64, bytes: UInt64)?

  /// The latest generation.
  package var generation: UInt32 { keys.keys.max() ?? 0 }

  package static func == (lhs: Member, rhs: Member) -> Bool {
    lhs.id == rhs.id && lhs.name == rhs.name && lhs.title == rhs.title && lhs.ags == rhs.ags
      && lhs.keys == rhs.keys && lhs.isRevoked == rhs.isRevoked
      && lhs.quota?.entries == rhs.quota?.entries && lhs.quota?.bytes == rhs.quota?.bytes
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

/// Why an entry has no effect. It stays in the log and is reported (I4).
package enum Inertness: String, Hashable, Sendable {
  /// After the point at which the hub closed the log.
  case beyondClosing
  /// By somebody who may not write the record.
  case notSteward
  /// In a coordination scope of somebody else.
  case foreignScope
  /// By a member or key generation that the realm does not know.
  case unknownAuthor
  /// For another record kind than the record has.
  case otherKind
}

/// Who belongs to a realm, with which keys and rights: a pure function of the control entries.
///
/// They are folded by hub generation, then sequence, after the closings of the hub's generations
/// were settled from the highest down: only entry 1 of generation G+1 closes generation G. What is
/// stated twice counts the first time; a closing is never moved.
package struct Membership: Hashable, Sendable {
  package let realm: RealmID
  /// The hub's member id; `nil` before its root certificate arrived.
  package private(set) var hub: MemberID?
  package private(set) var members: [MemberID: Member] = [:]
  /// Keys that a hub granted in a history that it lost, and learned of too late: the number was left
  /// out since, or given to another machine of the member. Nothing that they signed is in a log's
  /// chain, but they prove what stands beside it (I6).
  private var lateKeys: [MemberID: [UInt32: [VerifyingKey]]] = [:]
  private var closings: [LogID: UInt64] = [:]
  /// Generations up to this one are closed: where no closing is stated, before the first entry.
  private var closedGenerations: [MemberID: UInt32] = [:]
  private var stewards: [RecordID: [Steward]] = [:]

  /// Folds the control entries of `realm`, given in any order.
  package init(realm: RealmID, control: some Sequence<ControlEntry>) {
    self.realm = realm
    let entries = control.sorted {
      ($0.hubGeneration, $0.sequence) < ($1.hubGeneration, $1.sequence)
    }
    let certificates = Self.certificates(of: realm, in: entries)
    let ends = Self.ends(of: certificates)
    for entry in entries where entry.sequence <= ends[entry.hubGeneration] ?? 0 {
      apply(entry, certificates)
    }
  }

  /// The hub's latest generation.
  package var hubGeneration: UInt32 { hub.flatMap { members[$0]?.generation } ?? 0 }

  /// The valid root certificates by hub generation.
  private static func certificates(
    of realm: RealmID, in entries: [ControlEntry]
  ) -> [UInt32: RootCertificate] {
    var out: [UInt32: RootCertificate] = [:]
    for entry in entries where entry.sequence == 1 {
      guard case .root(let certificate) = entry.control, certificate.realm == realm,
        certificate.generation == entry.hubGeneration, certificate.isValid
      else { continue }
      out[entry.hubGeneration] = certificate
    }
    return out
  }

  /// How far the public log of each hub generation counts, settled from the highest down: the next
  /// generation's certificate says it, unless that was closed before its own first entry.
  private static func ends(of certificates: [UInt32: RootCertificate]) -> [UInt32: UInt64] {
    var out: [UInt32: UInt64] = [:]
    var next: RootCertificate?
    for (generation, certificate) in certificates.sorted(by: { $0.key > $1.key }) {
      let closed = next?.closes.first { $0.generation == generation && $0.scope == .public }?.last
      let end = next == nil ? .max : closed ?? 0
      out[generation] = end
      if end > 0 { next = certificate }
    }
    return out
  }

  private mutating func apply(_ entry: ControlEntry, _ certificates: [UInt32: RootCertificate]) {
    switch entry.control {
    case .root(let certificate):
      guard certificates[entry.hubGeneration] == certificate else { return }
      if hub == nil {
        hub = certificate.hub
        members[certificate.hub] = Member(
          id: certificate.hub, name: "hub", title: certificate.title, ags: certificate.ags,
          keys: [:])
      }
      guard hub == certificate.hub else { return }
      members[certificate.hub]?.keys[certificate.generation] = certificate.key
      close(certificate.hub, certificate.closes, through: certificate.generation - 1)
    case .memberAdded(let id, let name, let title, let ags, let key):
      guard members[id] == nil else { return }
      members[id] = Member(id: id, name: name, title: title, ags: ags, keys: [1: key])
    case .keyAdded(let id, let generation, let key, let closes):
      guard let member = members[id], id != hub else { return }
      // Numbers may be left out: a lost hub may have given them away.
      guard generation > member.generation, !member.isRevoked else {
        if !keys(of: id, generation: generation).contains(key) {
          lateKeys[id, default: [:]][generation, default: []].append(key)
        }
        return
      }
      members[id]?.keys[generation] = key
      close(id, closes, through: generation - 1)
    case .closing(let id, let closes, let revoked):
      guard members[id] != nil, id != hub else { return }
      if revoked {
        members[id]?.isRevoked = true
        // Also those that were granted in a history which the hub lost.
        close(id, closes, through: .max)
      } else {
        close(id, closes, through: 0)
      }
    case .stewards(let record, let list): stewards[record] = list
    case .quota(let id, let entries, let bytes): members[id]?.quota = (entries, bytes)
    }
  }

  private mutating func close(_ member: MemberID, _ logs: [ClosedLog], through generation: UInt32) {
    for log in logs {
      let id = LogID(member: member, generation: log.generation, scope: log.scope)
      if closings[id] == nil, closing(of: id) == nil { closings[id] = log.last }
    }
    closedGenerations[member] = max(closedGenerations[member] ?? 0, generation)
  }
}

extension Membership {
  /// The same, with a key of `member` that no control entry has announced here yet.
  package func including(
    _ key: VerifyingKey, of member: MemberID, generation: UInt32
  ) -> Membership {
    var out = self
    if out.members[member]?.keys[generation] == nil { out.members[member]?.keys[generation] = key }
    return out
  }

  /// The last valid sequence of `log`; `nil` while it is open.
  package func closing(of log: LogID) -> UInt64? {
    // Nobody but its machine knows that log, so nobody closes it.
    if log.scope == .local { return nil }
    if let stated = closings[log] { return stated }
    return log.generation <= closedGenerations[log.member] ?? 0 ? 0 : nil
  }

  package func key(of member: MemberID, generation: UInt32) -> VerifyingKey? {
    members[member]?.keys[generation]
  }

  /// All keys that were announced under this number; the first is the one that counts, if there is one.
  package func keys(of member: MemberID, generation: UInt32) -> [VerifyingKey] {
    (members[member]?.keys[generation].map { [$0] } ?? [])
      + (lateKeys[member]?[generation] ?? [])
  }

  /// The logs of `member` that are stated to end, and where; `local` is never among them.
  package func closings(of member: MemberID) -> [LogID: UInt64] {
    closings.filter { $0.key.member == member }
  }

  /// Whether any log ends elsewhere than `older` says.
  package func hasOtherClosings(than older: Membership) -> Bool {
    closings != older.closings || closedGenerations != older.closedGenerations
  }

  /// Whether nothing was decided yet about what `control` decides.
  package func lacks(_ control: Control) -> Bool {
    switch control {
    case .root: false
    case .memberAdded(let id, let name, _, _, _):
      members[id] == nil && !members.values.contains { $0.name == name }
    case .keyAdded(let id, let generation, let key, _):
      members[id] != nil && !keys(of: id, generation: generation).contains(key)
    case .closing(let id, let closes, let revoked):
      members[id].map { revoked ? !$0.isRevoked : true } ?? false
        && (revoked
          || closes.contains {
            closing(of: LogID(member: id, generation: $0.generation, scope: $0.scope)) == nil
          })
    case .stewards(let record, _): stewards[record] == nil
    case .quota(let id, _, _): members[id].map { $0.quota == nil } ?? false
    }
  }

  /// The hub's key of its latest generation.
  package var hubKey: VerifyingKey? { hub.flatMap { key(of: $0, generation: hubGeneration) } }

  /// Whether `member` is entitled to what stands in `scope` (I7).
  package func mayRead(_ member: MemberID, _ scope: Scope) -> Bool {
    guard let entry = members[member], !entry.isRevoked else { return false }
    switch scope {
    case .public, .kreis: return true
    case .coordination(let town):
      return member == town || member == hub || isPlanted(.leaksCoordination)
    case .local: return false
    }
  }

  /// Whether such a log may exist at all: a coordination scope has two writers.
  package func mayHold(_ log: LogID) -> Bool {
    guard members[log.member] != nil else { return false }
    switch log.scope {
    case .public, .kreis, .local: return true
    case .coordination(let town): return log.member == town || log.member == hub
    }
  }

  /// The scopes that `member` may read, widest first. `local` is not among them: it has no feed.
  package func readableScopes(of member: MemberID) -> [Scope] {
    var scopes: [Scope] = [.public, .kreis]
    if member == hub || isPlanted(.leaksCoordination) {
      scopes += members.keys.filter { $0 != hub }.sorted().map(Scope.coordination)
    } else {
      scopes.append(.coordination(member))
    }
    return scopes.filter { mayRead(member, $0) }
  }

  /// The scopes that `member` follows, widest first. Its own admission may stand behind more than
  /// fits into the feed's first chunk; until it arrives, these are the scopes that it will read.
  package func followedScopes(of member: MemberID) -> [Scope] {
    members[member] == nil
      ? [.public, .kreis, .coordination(member)] : readableScopes(of: member)
  }

  /// Why an entry takes no effect, or `nil` if it does (I4).
  package func inertness(
    of log: LogID, _ sequence: UInt64, on record: RecordID
  ) -> Inertness? {
    if let reason = destructionInertness(of: log, sequence) { return reason }
    if log.scope == .local || log.member == hub { return nil }
    guard mayHold(log) else { return .foreignScope }
    if let list = stewards[record] {
      return list.contains { $0.covers(log, sequence) } ? nil : .notSteward
    }
    if isPlanted(.ignoresAuthority) { return nil }
    return record.creator == log.member ? nil : .notSteward
  }

  /// The same for a restate or erase, which heeds closings but not stewardship.
  package func destructionInertness(of log: LogID, _ sequence: UInt64) -> Inertness? {
    // Nobody else can write there, and a lost hub may have lost the key of the generation it is in.
    if log.scope == .local { return nil }
    guard key(of: log.member, generation: log.generation) != nil else { return .unknownAuthor }
    if let last = closing(of: log), sequence > last { return .beyondClosing }
    return nil
  }

  /// Whether `member` may write `record` with a log's next entries: what the interface offers.
  package func mayWrite(_ member: MemberID, _ record: RecordID) -> Bool {
    guard let generation = members[member]?.generation else { return false }
    let log = LogID(member: member, generation: generation, scope: .public)
    return inertness(of: log, 1 << 39, on: record) == nil
  }

  /// The list of stewards that the hub stated last; `nil`: the record's creator is its steward.
  package func stewards(of record: RecordID) -> [Steward]? { stewards[record] }

  /// The member that keeps a record now: of a list of stewards the last one that may still write, and
  /// the hub where none of the members may.
  package func steward(of record: RecordID) -> MemberID? {
    let candidates = stewards[record].map { $0.map(\.member) } ?? record.creator.map { [$0] } ?? []
    return candidates.last { id in
      members[id].map { !$0.isRevoked } ?? false && mayWrite(id, record)
    } ?? hub
  }

  /// The member that keeps a record now, as people know it; `nil`: this replica knows no hub yet.
  package func keeper(of record: RecordID) -> Member? {
    steward(of: record).flatMap { members[$0] }
  }

  /// Whether `member` may write the record or once could: what it then said about it stands.
  package func hasBeenSteward(_ member: MemberID, of record: RecordID) -> Bool {
    member == hub || record.creator == member
      || stewards[record]?.contains { $0.member == member } ?? false
  }

  /// The records whose stewards differ between two memberships, and the logs whose closing does:
  /// what a late control entry makes re-fold (I3).
  package func difference(from older: Membership) -> (
    records: Set<RecordID>, authors: Set<MemberID>
  ) {
    var records: Set<RecordID> = []
    for record in Set(stewards.keys).union(older.stewards.keys)
    where stewards[record] != older.stewards[record] { records.insert(record) }
    var authors: Set<MemberID> = []
    for (id, member) in members where older.members[id]?.keys != member.keys { authors.insert(id) }
    for log in Set(closings.keys).union(older.closings.keys)
    where closing(of: log) != older.closing(of: log) { authors.insert(log.member) }
    for (id, generation) in closedGenerations where older.closedGenerations[id] != generation {
      authors.insert(id)
    }
    return (records, authors)
  }
}
