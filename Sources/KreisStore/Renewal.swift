// SPDX-License-Identifier: EUPL-1.2

import GRDB
package import KreisCore

/// A part of a feed chunk that came as a head and is not held here: to be fetched as bundles.
package struct MissingStretch: Hashable, Sendable {
  /// The chunk's item.
  package let item: Int
  package let log: LogID
  /// The first entry that a bundle must bring, and the last, where it must end.
  package let first: UInt64
  package let last: UInt64
}

extension Store {
  /// Which items of a chunk of heads this replica does not hold, in the order of the chunk.
  ///
  /// A renewed hub's feeds are followed from their beginnings, but hold little that is new: their
  /// chunks come as heads, the shell fetches what this names, puts it in with `filled`, and merges.
  package func missing(
    in chunk: UnverifiedChunk
  ) async throws(StoreError) -> [MissingStretch] {
    guard chunk.items.contains(where: { if case .held = $0.content { true } else { false } }) else {
      return []
    }
    return try await read { try $0.missing(in: chunk) }
  }
}

extension Snapshot {
  fileprivate func missing(in chunk: UnverifiedChunk) throws -> [MissingStretch] {
    let startsAnew = (chunk.heads.first?.hubGeneration ?? 0) > replica.feedGeneration
    var ends: [LogID: UInt64] = [:]
    // Of a log that differs somewhere, everything from there on differs.
    var isDifferent: Set<LogID> = []
    var out: [MissingStretch] = []
    for (index, item) in chunk.items.enumerated() {
      guard case .held(let signed) = item.content else { continue }
      let log = signed.log
      let end = try ends[log] ?? (startsAnew ? 0 : ledger.fed(log))
      ends[log] = max(end, signed.head.sequence)
      guard signed.head.sequence > end || startsAnew else { continue }
      let held = try ledger.hash(of: log, at: signed.head.sequence)
      if held == signed.head.hash, !isDifferent.contains(log) { continue }
      isDifferent.insert(log)
      out.append(
        MissingStretch(item: index, log: log, first: end + 1, last: signed.head.sequence))
    }
    return out
  }
}

extension UnverifiedChunk {
  /// The chunk with bundles in place of items that came as heads, by item.
  package func filled(with bundles: [Int: UnverifiedBundle]) -> UnverifiedChunk {
    var items = items
    for (index, bundle) in bundles where items.indices.contains(index) {
      items[index] = FeedItem(
        scope: items[index].scope, position: items[index].position, content: .bundle(bundle))
    }
    return UnverifiedChunk(items: items, heads: heads, isComplete: isComplete)
  }
}
