// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
import KreisLocal
import Synchronization

/// A file that somebody sent to be imported.
struct Upload: Sendable {
  enum State: Sendable {
    /// Shown, and not imported.
    case waiting(KeptInput)
    /// The last row of `import`.
    case done(JSONValue)
  }

  /// The account; `nil` where nobody is asked who they are.
  let owner: String?
  let name: String
  /// Arguments of `import`.
  let wish: [JSONValue.Member]
  var state: State
}

/// Files between their preview and the import, without a name on the disk and for an hour at most.
final class Uploads: Sendable {
  private static let limit = 8
  private static let period: Duration = .seconds(3_600)

  private let kept = Mutex<[(id: String, upload: Upload)]>([])

  /// - Returns: what it is called in addresses.
  func keep(_ upload: Upload) -> String {
    let id = String(BrowserSecret.random().text.prefix(32))
    kept.withLock { kept in
      kept.append((id, upload))
      if kept.count > Self.limit { kept.removeFirst() }
    }
    Task { [weak self] in
      try? await Task.sleep(for: Self.period)
      self?.drop(id)
    }
    return id
  }

  /// - Returns: `nil` if it is another one's, or gone.
  func find(_ id: String, of owner: String?) -> Upload? {
    kept.withLock { $0.first { $0.id == id && $0.upload.owner == owner }?.upload }
  }

  /// Notes that a file was imported, which is then let go.
  func finish(_ id: String, _ report: JSONValue) {
    kept.withLock { kept in
      guard let index = kept.firstIndex(where: { $0.id == id }) else { return }
      kept[index].upload.state = .done(report)
    }
  }

  func drop(_ id: String) { kept.withLock { kept in kept.removeAll { $0.id == id } } }
}
