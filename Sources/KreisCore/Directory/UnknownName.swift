// SPDX-License-Identifier: EUPL-1.2

/// A kind or field that the directory does not have.
package struct UnknownName: Error, Hashable, Sendable, CustomStringConvertible {
  /// `kind` or `field`.
  package let what: String
  package let name: String
  /// The kind that lacks the field.
  package let owner: String?
  package let known: [String]

  init(what: String, name: String, of owner: String? = nil, known: [String]) {
    self.what = what
    self.name = InvalidValue.shortened(name)
    self.owner = owner
    self.known = known
  }

  package var description: String {
    let question = nearest.map { " did you mean „\($0)“?" } ?? ""
    let place = owner.map { " of \($0)" } ?? ""
    return "unknown \(what) „\(name)“\(place);\(question) \(what)s: "
      + known.joined(separator: ", ")
  }

  /// The known name with the fewest typing errors, if there are few enough.
  var nearest: String? {
    let candidates = known.map { ($0, Self.distance(name.lowercased(), $0)) }
    guard let best = candidates.min(by: { $0.1 < $1.1 }), best.1 <= max(2, name.count / 3) else {
      return nil
    }
    return best.0
  }

  /// Insertions, deletions, replacements and swaps of neighbours that turn one name into the other.
  static func distance(_ first: String, _ second: String) -> Int {
    let lhs = Array(first.utf8)
    let rhs = Array(second.utf8)
    var beforeLast: [Int] = []
    var last = Array(0...rhs.count)
    for row in 0..<lhs.count {
      var current = [row + 1]
      for column in 0..<rhs.count {
        let isSame = lhs[row] == rhs[column]
        var cost = min(
          current[column] + 1, last[column + 1] + 1, last[column] + (isSame ? 0 : 1))
        if row > 0, column > 0, lhs[row] == rhs[column - 1], lhs[row - 1] == rhs[column] {
          cost = min(cost, beforeLast[column - 1] + 1)
        }
        current.append(cost)
      }
      beforeLast = last
      last = current
    }
    return last[rhs.count]
  }
}
