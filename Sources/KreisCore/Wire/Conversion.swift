// SPDX-License-Identifier: EUPL-1.2

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

// Messages to values and back. What comes in is checked here against the limits of the format (I5);
// what the types cannot express (a log without a member) stops here.

extension WireScopeName {
  package init(_ scope: Scope) {
    self.init()
    kind = UInt32(scope.kind)
    town = scope.town?.rawValue ?? 0
  }
}

extension Scope {
  package init(_ wire: WireScopeName) throws(MalformedBytes) {
    guard let scope = Scope(kind: UInt64(wire.kind), town: wire.town) else {
      throw MalformedBytes("an unknown scope")
    }
    self = scope
  }
}

extension WireLogName {
  package init(_ log: LogID) {
    self.init()
    member = log.member.rawValue
    generation = log.generation
    scope = WireScopeName(log.scope)
  }
}

extension LogID {
  package init(_ wire: WireLogName) throws(MalformedBytes) {
    guard let member = MemberID(wire.member), wire.generation > 0 else {
      throw MalformedBytes("a log without a valid member and generation")
    }
    self.init(member: member, generation: wire.generation, scope: try Scope(wire.scope))
  }
}

extension WireSignedHead {
  package init(_ signed: SignedHead) {
    self.init()
    log = WireLogName(signed.log)
    sequence = signed.head.sequence
    hash = Data(signed.head.hash.bytes)
    signature = Data(signed.signature)
  }
}

extension SignedHead {
  package init(_ wire: WireSignedHead) throws(MalformedBytes) {
    guard let hash = Hash256(wire.hash), wire.signature.count == 64 else {
      throw MalformedBytes("a signed head without a hash and signature")
    }
    guard wire.sequence > 0, wire.sequence < Limits.positions else {
      throw MalformedBytes("a signed head at entry \(wire.sequence)")
    }
    self.init(
      log: try LogID(wire.log), head: LogHead(sequence: wire.sequence, hash: hash),
      signature: Array(wire.signature))
  }
}

extension WireFeedHead {
  package init(_ head: FeedHead) {
    self.init()
    hubGeneration = head.hubGeneration
    scope = WireScopeName(head.scope)
    position = head.at.position
    hash = Data(head.at.hash.bytes)
    signature = Data(head.signature)
  }
}

extension FeedHead {
  package init(_ wire: WireFeedHead) throws(MalformedBytes) {
    guard let hash = Hash256(wire.hash), wire.signature.count == 64, wire.hubGeneration > 0 else {
      throw MalformedBytes("a feed head without a generation, hash and signature")
    }
    guard wire.position < Limits.positions else {
      throw MalformedBytes("a feed head at position \(wire.position)")
    }
    self.init(
      hubGeneration: wire.hubGeneration, scope: try Scope(wire.scope),
      at: FeedPosition(position: wire.position, hash: hash), signature: Array(wire.signature))
  }
}

extension WireBundle {
  package init(_ bundle: UnverifiedBundle) {
    self.init()
    log = WireLogName(bundle.log)
    first = bundle.first
    signature = Data(bundle.signature ?? [])
    entries = bundle.entries.map { entry in
      var wire = WireEntry()
      wire.body = Data(entry.body)
      switch entry.proof {
      case .none: break
      case .block(let block): wire.block = Data(block)
      case .destroyed(let commitment): wire.commitment = Data(commitment.bytes)
      }
      return wire
    }
  }
}

extension UnverifiedBundle {
  package init(_ wire: WireBundle) throws(MalformedBytes) {
    guard !wire.entries.isEmpty, wire.entries.count <= Limits.bundleEntries else {
      throw MalformedBytes(
        "a bundle of \(wire.entries.count) entries; 1 to \(Limits.bundleEntries) are allowed")
    }
    guard wire.first > 0, wire.first < Limits.positions else {
      throw MalformedBytes("a bundle that starts at entry \(wire.first)")
    }
    guard wire.signature.isEmpty || wire.signature.count == 64 else {
      throw MalformedBytes("a signature of \(wire.signature.count) bytes")
    }
    var entries: [Entry] = []
    entries.reserveCapacity(wire.entries.count)
    var size = 0
    for entry in wire.entries {
      let proof: Entry.Proof
      switch entry.proof {
      case nil: proof = .none
      case .block(let block): proof = .block(Array(block))
      case .commitment(let bytes):
        guard let commitment = Hash256(bytes) else {
          throw MalformedBytes("a commitment of \(bytes.count) bytes")
        }
        proof = .destroyed(commitment)
      }
      let entry = Entry(body: Array(entry.body), proof: proof)
      size += entry.size
      entries.append(entry)
    }
    guard size <= Limits.bundleBytes else { throw MalformedBytes("a bundle of \(size) bytes") }
    self.init(
      log: try LogID(wire.log), first: wire.first, entries: entries,
      signature: wire.signature.isEmpty ? nil : Array(wire.signature))
  }
}
