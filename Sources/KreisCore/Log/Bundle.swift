// SPDX-License-Identifier: EUPL-1.2

/// One entry as it travels and is stored: header body, and what proves its values.
package struct Entry: Hashable, Sendable {
  package enum Proof: Hashable, Sendable {
    /// An entry that has no values (control).
    case none
    /// Salt and values.
    case block([UInt8])
    /// Salt and values were destroyed; what the header committed to.
    case destroyed(Hash256)
  }

  package let body: [UInt8]
  package let proof: Proof

  package init(body: [UInt8], proof: Proof) {
    self.body = body
    self.proof = proof
  }

  /// What the header contains of the proof.
  package var commitment: Hash256? {
    switch proof {
    case .none: nil
    case .block(let block): Hash256(of: block)
    case .destroyed(let commitment): commitment
    }
  }

  /// Bytes that count towards a bundle's size.
  package var size: Int {
    if case .block(let block) = proof { body.count + block.count } else { body.count + 32 }
  }
}

/// Why a bundle was not believed.
package enum BundleError: Error, Hashable, CustomStringConvertible {
  /// It does not continue the log where it ends here.
  case notContinuing(expected: UInt64, found: UInt64)
  /// It contradicts what is held: the author wrote two entries at one sequence.
  case forked(sequence: UInt64)
  case malformed(sequence: UInt64, reason: String)
  case badSignature
  case unknownAuthor

  package var description: String {
    switch self {
    case .notContinuing(let expected, let found):
      "the bundle starts at entry \(found), but entry \(expected) comes next"
    case .forked(let sequence): "entry \(sequence) differs from the one held"
    case .malformed(let sequence, let reason): "entry \(sequence): \(reason)"
    case .badSignature: "the signature is not that of the log's author"
    case .unknownAuthor: "the author's key is not known in this realm"
    }
  }
}

/// Consecutive entries of one log, as received: nothing about them is proven yet.
package struct UnverifiedBundle: Hashable, Sendable {
  package let log: LogID
  package let first: UInt64
  package let entries: [Entry]
  /// The author's, over the head after the last entry; `nil` where a later bundle of the same log
  /// carries it.
  package let signature: [UInt8]?

  package init(log: LogID, first: UInt64, entries: [Entry], signature: [UInt8]?) {
    self.log = log
    self.first = first
    self.entries = entries
    self.signature = signature
  }

  /// The sequence of the last entry.
  package var last: UInt64 { first + UInt64(entries.count) - 1 }

  /// Checks every entry's form and chains them on `head`.
  ///
  /// - Throws: `BundleError` if the bundle does not continue exactly there or an entry is malformed.
  package func chained(after head: LogHead?, in realm: RealmID) throws(BundleError)
    -> ChainedBundle
  {
    var chain = LogChain(log, in: realm, after: head)
    guard first == chain.head.sequence + 1 else {
      throw .notContinuing(expected: chain.head.sequence + 1, found: first)
    }
    var chained: [ChainedEntry] = []
    chained.reserveCapacity(entries.count)
    for entry in entries {
      let sequence = chain.head.sequence + 1
      let body: EntryBody
      do throws(MalformedBytes) { body = try EntryBody(decoding: entry.body) } catch {
        throw .malformed(sequence: sequence, reason: error.description)
      }
      let values = try Self.values(of: entry, body, sequence)
      let hash = chain.append(body: entry.body, commitment: entry.commitment)
      chained.append(
        ChainedEntry(sequence: sequence, hash: hash, header: body, values: values, entry: entry))
    }
    return ChainedBundle(log: log, entries: chained, head: chain.head)
  }

  private static func values(
    of entry: Entry, _ body: EntryBody, _ sequence: UInt64
  ) throws(BundleError) -> Values? {
    guard body.hasBlock == (entry.proof != .none) else {
      throw .malformed(sequence: sequence, reason: "values missing or out of place")
    }
    guard case .block(let block) = entry.proof else { return nil }
    do throws(MalformedBytes) {
      let values = try Values(block: block)
      guard values.values.count == body.valueCount else {
        throw MalformedBytes(
          "\(values.values.count) values for \(body.valueCount) writes that carry one")
      }
      guard values.values.allSatisfy({ $0.utf8.count <= Limits.value }) else {
        throw MalformedBytes("a value of over \(Limits.value) bytes")
      }
      return values
    } catch {
      throw .malformed(sequence: sequence, reason: error.description)
    }
  }
}

/// An entry whose place in the chain is computed.
package struct ChainedEntry: Hashable, Sendable {
  package let sequence: UInt64
  package let hash: Hash256
  package let header: EntryBody
  /// What the entry's block holds; `nil` without one.
  package let values: Values?
  package let entry: Entry

  package init(
    sequence: UInt64, hash: Hash256, header: EntryBody, values: Values?, entry: Entry
  ) {
    self.sequence = sequence
    self.hash = hash
    self.header = header
    self.values = values
    self.entry = entry
  }
}

/// Entries that form a chain. Whether the author wrote them is proven by a signed head that equals
/// `head`.
package struct ChainedBundle: Hashable, Sendable {
  package let log: LogID
  package let entries: [ChainedEntry]
  package let head: LogHead

  /// The head with its author's signature.
  ///
  /// - Throws: `BundleError.badSignature`.
  package func signed(
    _ signature: [UInt8], by key: VerifyingKey, in realm: RealmID
  ) throws(BundleError) -> SignedHead {
    let signed = SignedHead(log: log, head: head, signature: signature)
    guard signed.isValid(in: realm, by: key) else { throw .badSignature }
    return signed
  }
}
