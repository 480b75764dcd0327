// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisStore
import KreisTransport
import SwiftProtobuf

/// A town whose member key is in the wrong hands: it speaks the protocol, and writes what no honest
/// store would.
final class MaliciousTown {
  enum Attack: String, CaseIterable {
    // What the hub must not take.
    case forgesAuthor, forgesSignature, writesForeignScope, writesControl, leavesGap, equivocates
    case writesAfterTime, writesTooMuch, sendsRubbish, replays, statesForOthers, readsForeignScope
    // What it takes, and must be harmless.
    case writesOthersRecord, erasesOthersRecord, restatesOthersValue, namesUnseenBases
    case writesInFuture, writesOwnRecord
  }

  private let world: World
  private let network: Network
  private let index: Int
  private let replica: RealmImage.Replica
  private var random: SeededRandom
  private var heads: [Scope: LogHead] = [:]
  private var own: [RecordID] = []
  private var lastRequest: Request?

  init(_ world: World, _ network: Network, _ index: Int) {
    self.world = world
    self.network = network
    self.index = index
    replica = world.image.towns[index]
    random = SeededRandom(world.seed, stream: "malice")
    world.attacks.attackers.insert(replica.identity.member)
  }

  private var member: MemberID { replica.identity.member }
  private var now: UInt64 { RealmImage.start + world.now / 1_000 }

  func strike() throws {
    guard let attack = random.pick(Attack.allCases) else { return }
    world.count(Fault.maliciousTown.rawValue)
    world.note("town\(index) \(attack)")
    switch attack {
    case .forgesAuthor:
      guard let victim = victim() else { return }
      try push([body()], log: LogID(member: victim, generation: 1, scope: .public), attack)
    case .forgesSignature: try push([body()], signature: random.bytes(64), attack)
    case .writesForeignScope:
      guard let victim = victim() else { return }
      try push([body()], in: .coordination(victim), attack)
    case .writesControl:
      let act = Control.quota(member, entries: 1, bytes: 1)
      try push([EntryBody(recordedAt: now, control: try act.encoded())], attack)
    case .leavesGap: try push([body()], skipping: 2, attack)
    case .equivocates:
      guard let head = heads[.public], head.sequence > 1 else { return }
      try push([body()], from: head.sequence, attack)
    case .writesAfterTime: try push([body(at: Limits.time)], attack)
    case .writesTooMuch: try push([body(value: String(repeating: "x", count: 70_000))], attack)
    case .sendsRubbish: try send("/v1/bundles", random.bytes(random.within(1...400)), attack)
    case .replays:
      guard let lastRequest else { return }
      network.send(lastRequest, from: index) { [self] in try expectRefusal($0, attack) }
    case .statesForOthers: try state(attack)
    case .readsForeignScope: try read()
    default: try pushHarmless(attack)
    }
  }

  private func pushHarmless(_ attack: Attack) throws {
    switch attack {
    case .writesOthersRecord:
      guard let record = random.pick(world.records.filter { $0.creator != member }) else { return }
      try push([body(on: record)], attack)
    case .erasesOthersRecord:
      guard let record = random.pick(world.records.filter { $0.creator != member }) else { return }
      try push(
        [EntryBody(recordedAt: now, kind: .erase, recordKind: 1, record: record, writes: [])],
        attack)
    case .restatesOthersValue:
      guard let entry = random.pick(world.journal.entries.filter { $0.header.kind == .write }),
        let record = entry.header.record, let write = entry.header.writes.first
      else { return }
      let restated = Write(
        register: write.register, content: .value, origin: entry.hash.reference)
      try push(
        [
          EntryBody(
            recordedAt: now, kind: .restate, recordKind: entry.header.recordKind, record: record,
            writes: [restated])
        ], attack)
    case .namesUnseenBases:
      let known = world.journal.entries.map(\.hash.reference)
      let bases =
        [EntryReference(high: random.next(), low: random.next())]
        + (random.pick(known).map { [$0] } ?? [])
      try push([body(bases: bases)], attack)
    case .writesInFuture: try push([body(at: Limits.time - 1)], attack)
    default: try push([body()], attack)
    }
  }

  // MARK: - Entries

  private func victim() -> MemberID? {
    random.pick(world.image.towns.map(\.identity.member).filter { $0 != member })
  }

  /// A write of a record of its own, or of the one given.
  private func body(
    on record: RecordID? = nil, at time: UInt64? = nil, bases: [EntryReference] = [],
    value: String? = nil
  ) -> EntryBody {
    var id = record ?? RecordID(creator: member, random: (random.next(), random.next()))
    if record == nil {
      if let known = random.pick(own), random.chance(60) { id = known } else { own.append(id) }
      world.know(id)
    }
    text = value ?? "Wert von Unbefugten \(random.below(1_000))"
    return EntryBody(
      recordedAt: time ?? now, kind: .write, recordKind: 1, record: id,
      writes: [Write(register: Register(tag: 16), content: .value, bases: Array(Set(bases)))])
  }

  /// Of the value that goes with the last body.
  private var text = ""

  private func entries(_ bodies: [EntryBody]) -> [Entry] {
    bodies.map { body in
      guard body.hasBlock else { return Entry(body: body.encoded(), proof: .none) }
      let values = Values(values: Array(repeating: text, count: body.valueCount))
      return Entry(
        body: body.encoded(), proof: .block(values.block(salt: (random.next(), random.next()))))
    }
  }

  // MARK: - Requests

  private func push(
    _ bodies: [EntryBody], in scope: Scope = .public, log: LogID? = nil,
    from first: UInt64? = nil, skipping gap: UInt64 = 0, signature: [UInt8]? = nil,
    _ attack: Attack
  ) throws {
    let log = log ?? replica.identity.log(scope)
    let held = log.member == member ? heads[log.scope] : nil
    let start = first ?? (held?.sequence ?? 0) + 1 + gap
    var chain = LogChain(log, in: world.image.realm, after: held)
    let entries = entries(bodies)
    for entry in entries { _ = chain.append(body: entry.body, commitment: entry.commitment) }
    let signed = try SignedHead(
      signing: chain.head, of: log, in: world.image.realm, with: replica.key)
    let bundle = UnverifiedBundle(
      log: log, first: start, entries: entries, signature: signature ?? signed.signature)
    let isHarmless = start == chain.head.sequence && signature == nil
    try send("/v1/bundles", try WireBundle(bundle).serializedBytes(), attack) { [self] in
      if isHarmless, heads[log.scope]?.sequence ?? 0 < chain.head.sequence {
        heads[log.scope] = chain.head
      }
    }
  }

  private var isHarmless: Set<Attack> {
    [
      .writesOthersRecord, .erasesOthersRecord, .restatesOthersValue, .namesUnseenBases,
      .writesInFuture, .writesOwnRecord,
    ]
  }

  private func send(
    _ path: String, _ body: [UInt8], _ attack: Attack, _ onSuccess: @escaping () -> Void = {}
  ) throws {
    let request = try signed("POST", path, "", body)
    network.send(request, from: index) { [self] answer in
      // Only what the hub took can be replayed: of what was lost on the way, the copy is the first.
      if case .response(let response) = answer, response.status == 200 { lastRequest = request }
      if case .response(let response) = answer, response.status == 200, isHarmless.contains(attack)
      {
        onSuccess()
      } else if !isHarmless.contains(attack) {
        try expectRefusal(answer, attack)
      }
    }
  }

  private func signed(
    _ method: String, _ path: String, _ query: String, _ body: [UInt8]
  ) throws -> Request {
    let fields = try RequestSignature.sign(
      method: method, path: path, query: query, body: body, realm: world.image.realm,
      member: member, generation: 1, key: replica.key, created: now,
      nonce: (random.next(), random.next()))
    return Request(
      method: method, path: path, query: query, body: body,
      fields: Dictionary(
        fields.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }))
  }

  private func expectRefusal(_ answer: Answer, _ attack: Attack) throws {
    guard case .response(let response) = answer, response.status < 400 else { return }
    world.violated(.attack, "the hub took it that town\(index) \(attack)")
  }

  private func state(_ attack: Attack) throws {
    guard let other = world.image.towns.first(where: { $0.identity.member != member }) else {
      return
    }
    let head = try FeedHead(
      signing: FeedPosition(position: 9, hash: Hash256(of: [9])), of: .public,
      in: world.image.realm, hubGeneration: 1, with: replica.key)
    var message = WireStatements()
    message.statements = [
      try FeedStatement(
        realm: world.image.realm, member: random.chance(50) ? member : other.identity.member,
        generation: 1, head: head, foldVersion: foldVersion, protocolVersion: protocolVersion,
        at: now,
        software: "simulation"
      ).signed(with: replica.key)
    ]
    try send("/v1/statements", try message.serializedBytes(), attack)
  }

  private func read() throws {
    guard let victim = victim() else { return }
    let place = FeedPosition(position: 1, hash: Hash256(of: [1]))
    let query = FeedQuery(
      after: [.coordination(victim): place],
      hubGeneration: network.hub(for: index).store?.identity.generation ?? 1, follow: nil)
    let index = index
    let world = world
    var frames = FrameDecoder()
    _ = network.open(
      try signed("GET", "/v1/feed", query.text, []), from: index,
      Connection.Listener(
        onRefusal: { _ in },
        onPiece: { piece in
          frames.append(piece)
          while let message = try frames.next() {
            // A hub that has opened a generation since leaves the positions of the one before aside, and
            // answers with what the town may read.
            guard try UnverifiedChunk(WireFeedChunk(serializedBytes: message)).has(victim) else {
              continue
            }
            world.violated(.attack, "the hub let town\(index) read the scope of \(victim)")
          }
        }, onEnd: { _ in }))
  }
}

extension UnverifiedChunk {
  /// Whether anything of a town's coordination is in it.
  fileprivate func has(_ town: MemberID) -> Bool {
    heads.contains { $0.scope == .coordination(town) }
      || items.contains { $0.scope == .coordination(town) }
  }
}
