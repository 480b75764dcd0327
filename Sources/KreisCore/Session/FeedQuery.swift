// SPDX-License-Identifier: EUPL-1.2

/// What a follower asks the hub's feed for: the query of `GET /v1/feed`.
///
///     query  = ["after=" place *("," place) ["&generation=" number]] ["&follow=" mode] ["&own=true"]
///     place  = scope "." position "." hash     the scope's text, decimal, 64 hexadecimal digits
///     mode   = "true"                          one answer that goes on
///            | "poll"                          an answer as soon as there is news
///
/// Without `after` the feeds come from their beginnings, without `follow` the answer ends with what
/// the hub holds now. A place that carries its hash shows the hub what it signed before.
/// `generation` is the hub generation whose feeds the places are of, 1 without it. A hub of a later
/// generation has other feeds: it sends them from their beginnings, as heads alone, because the
/// follower holds most of what they name.
package struct FeedQuery: Hashable, Sendable {
  package enum Follow: String, Hashable, Sendable {
    case stream = "true"
    case poll
  }

  package let after: [Scope: FeedPosition]
  /// The hub generation whose feeds `after` is of.
  package let hubGeneration: UInt32
  package let follow: Follow?
  /// Whether the follower's own bundles come whole: it was restored and takes its logs back up.
  package let includeOwn: Bool

  package init(
    after: [Scope: FeedPosition], hubGeneration: UInt32 = 1, follow: Follow?,
    includeOwn: Bool = false
  ) {
    self.after = after
    self.hubGeneration = hubGeneration
    self.follow = follow
    self.includeOwn = includeOwn
  }

  /// Places that a query may carry; no member reads more scopes than the realm has members and two.
  static let places = 512

  /// The text after the question mark; scopes in their order, so that equal queries are equal texts.
  package var text: String {
    let places = after.sorted { $0.key < $1.key }
      .map { "\($0.key).\($0.value.position).\($0.value.hash)" }
    var parts: [String] = []
    if !places.isEmpty { parts.append("after=" + places.joined(separator: ",")) }
    if !places.isEmpty, hubGeneration != 1 { parts.append("generation=\(hubGeneration)") }
    if let follow { parts.append("follow=" + follow.rawValue) }
    if includeOwn { parts.append("own=true") }
    return parts.joined(separator: "&")
  }

  /// Reads `text`.
  ///
  /// - Throws: `MalformedBytes`, naming what cannot be read.
  package init(text: some StringProtocol) throws(MalformedBytes) {
    var after: [Scope: FeedPosition] = [:]
    var hubGeneration: UInt32?
    var follow: Follow?
    var includeOwn = false
    for part in text.split(separator: "&") {
      if part.hasPrefix("after=") {
        let places = part.dropFirst(6).split(separator: ",")
        guard after.isEmpty, places.count <= Self.places else {
          throw MalformedBytes("the query names more than \(Self.places) feed positions")
        }
        for place in places {
          let parts = place.split(separator: ".")
          guard parts.count == 3, let scope = Scope(text: parts[0]),
            let position = UInt64(parts[1]), position < Limits.positions,
            let hash = Hex.decode(parts[2]).flatMap({ Hash256($0) }),
            after.updateValue(FeedPosition(position: position, hash: hash), forKey: scope) == nil
          else { throw MalformedBytes("'\(place)' is no feed position SCOPE.POSITION.HASH") }
        }
      } else if part.hasPrefix("generation=") {
        guard hubGeneration == nil, let number = UInt32(part.dropFirst(11)), number > 0 else {
          throw MalformedBytes("generation is a number from 1")
        }
        hubGeneration = number
      } else if part.hasPrefix("follow=") {
        guard follow == nil, let mode = Follow(rawValue: String(part.dropFirst(7))) else {
          throw MalformedBytes("follow is either true or poll")
        }
        follow = mode
      } else if part == "own=true" {
        includeOwn = true
      } else {
        throw MalformedBytes(
          "the feed does not know '\(part)'; it knows after, generation, follow and own=true")
      }
    }
    self.init(
      after: after, hubGeneration: hubGeneration ?? 1, follow: follow, includeOwn: includeOwn)
  }
}

/// Content types of the protocol.
package enum MediaType {
  /// One message of `kreisnetz.proto`.
  package static let message = "application/x-protobuf"
  /// Messages one after the other, in frames.
  package static let frames = "application/vnd.kreisnetz.frames"
  package static let problem = "application/problem+json"
}
