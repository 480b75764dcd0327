import KreisCore

/// A member of the simulated realm.
enum Node: Hashable, Sendable, CustomStringConvertible {
  case hub
  case town(Int)

  var description: String {
    switch self {
    case .hub: "hub"
    case .town(let index): "town\(index)"
    }
  }
}

/// A signed request, as it arrives at the hub.
struct Request {
  var method: String
  var path: String
  var query: String
  var body: [UInt8]
  /// `RequestSignature`'s, by name.
  var fields: [String: String]
}

/// The hub's answer to anything but the feed.
struct Response {
  let status: Int
  var body: [UInt8] = []
  /// The last part of a problem's type, and why, where the answer is no.
  var problem = ""
  var reason = ""
  /// The hub's time when it answered: the field `Date`.
  let date: UInt64

  /// The refusal as a session takes it.
  var refusal: HubRefusal {
    HubRefusal(status: status, name: problem, reason: reason, retryAfterSeconds: nil)
  }
}

/// What comes of a request.
enum Answer {
  case response(Response)
  /// The connection broke, or nothing came in time.
  case failed(String)
}
