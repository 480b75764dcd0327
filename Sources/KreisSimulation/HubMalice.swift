// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisStore
import SwiftProtobuf

/// A hub that lies: what it does to a chunk on its way to a town.
struct HubMalice {
  enum Kind: String, CaseIterable {
    /// Leaves a bundle out, and signs as if nothing were missing.
    case withholds
    /// Gives two items each other's positions.
    case reorders
    /// Changes a byte of what an author wrote.
    case changes
    /// Takes an author's signature away.
    case unsigns
    /// Sends another town's scope.
    case misdirects
    /// Shows a town less than it had signed for it.
    case rollsBack
  }

  let kind: Kind
  private var random: SeededRandom
  /// By town, what it was shown first.
  private var shown: [Int: [WireFeedHead]] = [:]

  init(_ kind: Kind, _ random: SeededRandom) {
    self.kind = kind
    self.random = random
  }

  /// What the town is sent in place of `chunk`; the same where there is nothing to lie about.
  mutating func changed(_ chunk: WireFeedChunk, for town: Int, _ world: World) -> WireFeedChunk {
    var lie = chunk
    let foreign = chunk.items.indices.filter { chunk.items[$0].hasBundleItem }
    switch kind {
    case .withholds:
      guard let index = random.pick(Array(chunk.items.indices)) else { return chunk }
      lie.items.remove(at: index)
    case .reorders:
      guard let pair = pair(in: chunk) else { return chunk }
      let position = lie.items[pair.0].position
      lie.items[pair.0].position = lie.items[pair.1].position
      lie.items[pair.1].position = position
      lie.items.swapAt(pair.0, pair.1)
    case .changes:
      guard let index = random.pick(foreign) else { return chunk }
      let entry = random.below(lie.items[index].bundle.entries.count)
      let at = random.below(lie.items[index].bundle.entries[entry].body.count)
      lie.items[index].bundle.entries[entry].body[at] ^= 1
    case .unsigns:
      guard let index = foreign.last(where: { !chunk.items[$0].bundle.signature.isEmpty }) else {
        return chunk
      }
      lie.items[index].bundle.signature[7] ^= 0x40
    case .misdirects:
      guard let index = random.pick(foreign) else { return chunk }
      lie.items[index].scope = WireScopeName(.coordination(world.image.hub.identity.member))
    case .rollsBack:
      guard let old = shown[town] else {
        shown[town] = chunk.heads
        return chunk
      }
      guard old != chunk.heads else { return chunk }
      lie.items = []
      lie.heads = old
    }
    world.count(Fault.maliciousHub.rawValue)
    world.note("hub \(kind) before town\(town)")
    return lie
  }

  private func pair(in chunk: WireFeedChunk) -> (Int, Int)? {
    for left in chunk.items.indices {
      for right in chunk.items.indices.dropFirst(left + 1)
      where chunk.items[left].scope == chunk.items[right].scope {
        return (left, right)
      }
    }
    return nil
  }
}

extension WireFeedItem {
  fileprivate var hasBundleItem: Bool { if case .bundle = content { true } else { false } }
}
