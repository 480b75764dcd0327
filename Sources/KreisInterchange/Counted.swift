// SPDX-License-Identifier: EUPL-1.2

/// A number with what it counts, as people write it: 1 entry, 2 entries.
package func counted(_ count: Int, _ one: String, _ many: String) -> String {
  "\(count) \(count == 1 ? one : many)"
}
