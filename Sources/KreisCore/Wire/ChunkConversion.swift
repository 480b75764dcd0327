// SPDX-License-Identifier: EUPL-1.2

// Feed chunks from messages to values, checked against the limits of the format (I5).

extension FeedItem {
  package init(_ wire: WireFeedItem) throws(MalformedBytes) {
    let content: Content
    switch wire.content {
    case .bundle(let bundle): content = .bundle(try UnverifiedBundle(bundle))
    case .held(let head): content = .held(try SignedHead(head))
    case nil: throw MalformedBytes("a feed item without content")
    }
    guard wire.position > 0, wire.position < Limits.positions else {
      throw MalformedBytes("a feed item at position \(wire.position)")
    }
    self.init(scope: try Scope(wire.scope), position: wire.position, content: content)
  }
}

extension UnverifiedChunk {
  package init(_ wire: WireFeedChunk) throws(MalformedBytes) {
    guard wire.items.count <= Limits.chunkItems, wire.heads.count <= FeedQuery.places else {
      throw MalformedBytes(
        "a feed chunk of \(wire.items.count) items and \(wire.heads.count) heads")
    }
    var items: [FeedItem] = []
    items.reserveCapacity(wire.items.count)
    for item in wire.items { items.append(try FeedItem(item)) }
    var heads: [FeedHead] = []
    for head in wire.heads { heads.append(try FeedHead(head)) }
    self.init(items: items, heads: heads, isComplete: wire.complete)
  }
}
