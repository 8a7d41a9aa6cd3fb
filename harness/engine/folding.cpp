// w ← w + gain · Σ changes, clock after clock, in one pass over memory; `harness.engine.folds` calls it.

#include <emmintrin.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace {

// Numbers that are worked on at a time: few enough for the processor to fetch the next while it adds these.
constexpr std::size_t kBlock = 256;
// Views of so many bytes are gone from any cache before they are read, and are written past it: what is written into a
// cache is first read from memory.
constexpr std::size_t kPastCaches = std::size_t{8} << 20;

// to = from + gain · Σ changes, of which each is so many pointers after the one before; `from` may be `to`.
template <typename T>
void add(const T* from, T* to, const T* const* changes, std::size_t apart, std::size_t count, T gain,
         std::size_t start, std::size_t size) {
  const T* first = changes[0] + start;
  T total[kBlock];
  if (count > 1) {
    const T* second = changes[apart] + start;
    for (std::size_t i = 0; i < size; ++i) total[i] = first[i] + second[i];
    for (std::size_t change = 2; change < count; ++change) {
      const T* further = changes[change * apart] + start;
      for (std::size_t i = 0; i < size; ++i) total[i] += further[i];
    }
    first = total;
  }
  if (gain == T{1})
    for (std::size_t i = 0; i < size; ++i) to[i] = from[i] + first[i];
  else
    for (std::size_t i = 0; i < size; ++i) to[i] = from[i] + gain * first[i];
}

template <typename T>
void write(const T* from, T* to, std::size_t size, bool past_caches) {
  constexpr std::size_t kStep = sizeof(__m128i) / sizeof(T);
  std::size_t done = 0;
  if (past_caches)
    for (; done + kStep <= size; done += kStep)
      _mm_stream_si128(reinterpret_cast<__m128i*>(to + done), *reinterpret_cast<const __m128i*>(from + done));
  std::copy_n(from + done, size - done, to + done);
}

template <typename T>
void fold(T* base, T* view, std::size_t size, std::size_t apart, std::size_t complete, std::size_t steps,
          const double* gains, const std::size_t* counts, const T* const* changes) {
  const bool past_caches = size * sizeof(T) >= kPastCaches;
  for (std::size_t start = 0; start < size; start += kBlock) {
    const std::size_t length = std::min(kBlock, size - start);
    T* const whole = base + start;
    alignas(64) T above[kBlock];
    const T* const* next = changes;
    for (std::size_t step = 0; step < steps; next += apart * counts[step++]) {
      const T* const from = step <= complete ? whole : above;
      add(from, step < complete ? whole : above, next, apart, counts[step], static_cast<T>(gains[step]), start, length);
    }
    if (steps > complete) write(above, view + start, length, past_caches);
  }
}

template <typename T>
void fold_all(std::size_t weights, T* const* bases, T* const* views, const std::size_t* sizes, std::size_t complete,
              std::size_t steps, const double* gains, const std::size_t* counts, const T* const* changes) {
  for (std::size_t weight = 0; weight < weights; ++weight)
    fold(bases[weight], views[weight], sizes[weight], weights, complete, steps, gains, counts, changes + weight);
  _mm_sfence();
}

}  // namespace

// Of each weight: base and view, 16-byte aligned, and their size in numbers. Of `steps` clocks the first `complete` go
// into the base, and all of them into the view where there are more. By clock: what the sum of its changes is
// multiplied by, and how many they are; then all changes, a pointer per weight each.
extern "C" void fold_float32(std::size_t weights, float* const* bases, float* const* views, const std::size_t* sizes,
                             std::size_t complete, std::size_t steps, const double* gains, const std::size_t* counts,
                             const float* const* changes) {
  fold_all(weights, bases, views, sizes, complete, steps, gains, counts, changes);
}

extern "C" void fold_float64(std::size_t weights, double* const* bases, double* const* views, const std::size_t* sizes,
                             std::size_t complete, std::size_t steps, const double* gains, const std::size_t* counts,
                             const double* const* changes) {
  fold_all(weights, bases, views, sizes, complete, steps, gains, counts, changes);
}
