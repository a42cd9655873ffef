#pragma once
// Attention over the vector operations of one instruction set (its simd.h). Included inside that set's namespace and
// target region.
//
// Up to kMaxQueries queries (tokens x heads of the group) pass over the keys together, a block of kKeys at a time. The
// block's keys are transposed, so that scores come out as vectors over keys and need no sums across lanes. The softmax
// is taken as the blocks come: sums are relative to the largest logit so far, which starts as the sink's.

constexpr std::size_t kMaxQueries = 32;
constexpr std::size_t kQueryTile = 4;
constexpr std::size_t kMaxHeadDim = 128;  // larger heads go to the reference kernel
constexpr std::size_t kKeysAtOnce = kKeyVectors * kLanes;
constexpr std::size_t kKeys = 32 > kKeysAtOnce ? 32 : kKeysAtOnce;
constexpr std::size_t kValuesAtOnce = kValueVectors * kLanes;

struct Query {
  Vec weights;        // softmax weights so far, summed lane by lane
  float sink_weight;
  float largest;      // logit so far
  const float* q;     // (head_dim)
  float* out;         // (head_dim)
  std::size_t first;  // sees positions first..end
  std::size_t end;
};

struct SdpaBlock {
  alignas(64) float keys[kMaxHeadDim * kKeys];          // (head_dim, kKeys)
  alignas(64) float values[kKeys * kMaxHeadDim];        // (kKeys, padded head_dim)
  alignas(64) float scores[kMaxQueries * kKeys];        // (queries, kKeys)
  alignas(64) float sums[kMaxQueries * kMaxHeadDim];    // (queries, padded head_dim)
  Query queries[kMaxQueries];
};

CODEXPC_INLINE Vec LoadKv(const float* p) { return Load(p); }
CODEXPC_INLINE Vec LoadKv(const f16* p) { return LoadF16(p); }
CODEXPC_INLINE float KvToFloat(float value) { return value; }
CODEXPC_INLINE float KvToFloat(f16 value) { return F16ToFloat(value); }

/// The keys or values of a block as they are in the cache.
template <typename Kv>
struct PlainEntries {
  static constexpr bool kIsFloat = sizeof(Kv) == sizeof(float);
  static constexpr std::size_t EntryBytes(std::size_t head_dim) { return head_dim * sizeof(Kv); }
  const Kv* first;
  std::size_t head_dim;
  CODEXPC_INLINE PlainEntries(const void* entries, std::size_t, std::size_t dim) : first(static_cast<const Kv*>(entries)), head_dim(dim) {}
  CODEXPC_INLINE Vec LoadAt(std::size_t i, std::size_t d) const { return LoadKv(first + i * head_dim + d); }
  CODEXPC_INLINE float At(std::size_t i, std::size_t d) const { return KvToFloat(first[i * head_dim + d]); }
};

/// Entries of f32_to_q8kv; their scales are read once for the block.
struct Q8Entries {
  static constexpr bool kIsFloat = false;
  static constexpr std::size_t EntryBytes(std::size_t head_dim) { return kQ8KvScaleBytes + head_dim; }
  const std::uint8_t* first;
  std::size_t entry_bytes;
  alignas(64) float scales[kKeys];
  CODEXPC_INLINE Q8Entries(const void* entries, std::size_t count, std::size_t dim)
      : first(static_cast<const std::uint8_t*>(entries)), entry_bytes(EntryBytes(dim)) {
    for (std::size_t i = 0; i < count; ++i) scales[i] = LoadF16Number(first + i * entry_bytes);
  }
  CODEXPC_INLINE Vec LoadAt(std::size_t i, std::size_t d) const {
    return Mul(LoadI8Vec(first + i * entry_bytes + kQ8KvScaleBytes + d), Set1(scales[i]));
  }
  CODEXPC_INLINE float At(std::size_t i, std::size_t d) const {
    return scales[i] * static_cast<float>(static_cast<std::int8_t>(first[i * entry_bytes + kQ8KvScaleBytes + d]));
  }
};

template <typename Entries>
CODEXPC_INLINE void PackKeys(float* keys, const Entries& k, std::size_t num_keys, std::size_t head_dim) {
  for (std::size_t key = 0; key < num_keys; key += kLanes) {
    const std::size_t in_group = num_keys - key < kLanes ? num_keys - key : kLanes;
    std::size_t d = 0;
    for (; d + kLanes <= head_dim; d += kLanes) {
      Vec rows[kLanes];
      if (in_group == kLanes) {
        CODEXPC_UNROLL for (std::size_t i = 0; i < kLanes; ++i) rows[i] = k.LoadAt(key + i, d);
      } else {
        CODEXPC_UNROLL for (std::size_t i = 0; i < kLanes; ++i) rows[i] = i < in_group ? k.LoadAt(key + i, d) : Zero();
      }
      Transpose(rows);
      CODEXPC_UNROLL for (std::size_t i = 0; i < kLanes; ++i) Store(keys + (d + i) * kKeys + key, rows[i]);
    }
    for (; d < head_dim; ++d) {
      for (std::size_t i = 0; i < kLanes; ++i) keys[d * kKeys + key + i] = i < in_group ? k.At(key + i, d) : 0.0f;
    }
  }
  // Whole tiles are multiplied: what lies past the keys must be numbers.
  const std::size_t packed = (num_keys + kLanes - 1) / kLanes * kLanes;
  const std::size_t tiled = (num_keys + kKeysAtOnce - 1) / kKeysAtOnce * kKeysAtOnce;
  for (std::size_t key = packed; key < tiled; key += kLanes) {
    for (std::size_t d = 0; d < head_dim; ++d) Store(keys + d * kKeys + key, Zero());
  }
}

template <typename Entries>
CODEXPC_INLINE void PackValues(float* values, const Entries& v, std::size_t num_keys, std::size_t head_dim, std::size_t padded_dim) {
  for (std::size_t key = 0; key < num_keys; ++key) {
    std::size_t d = 0;
    for (; d + kLanes <= head_dim; d += kLanes) Store(values + key * padded_dim + d, v.LoadAt(key, d));
    for (; d < head_dim; ++d) values[key * padded_dim + d] = v.At(key, d);
    for (; d < padded_dim; ++d) values[key * padded_dim + d] = 0.0f;
  }
}

template <std::size_t kQueries>
CODEXPC_INLINE void ScoreTile(float* scores, const Query* queries, const float* keys, std::size_t num_keys, std::size_t head_dim) {
  for (std::size_t key = 0; key < num_keys; key += kKeysAtOnce) {
    Vec sums[kQueries][kKeyVectors];
    CODEXPC_UNROLL for (std::size_t i = 0; i < kQueries; ++i) {
      CODEXPC_UNROLL for (std::size_t j = 0; j < kKeyVectors; ++j) sums[i][j] = Zero();
    }
    const float* q[kQueries];
    CODEXPC_UNROLL for (std::size_t i = 0; i < kQueries; ++i) q[i] = queries[i].q;
    for (std::size_t d = 0; d < head_dim; ++d) {
      Vec k[kKeyVectors];
      CODEXPC_UNROLL for (std::size_t j = 0; j < kKeyVectors; ++j) k[j] = Load(keys + d * kKeys + key + j * kLanes);
      CODEXPC_UNROLL for (std::size_t i = 0; i < kQueries; ++i) {
        const Vec element = Set1(q[i][d]);
        CODEXPC_UNROLL for (std::size_t j = 0; j < kKeyVectors; ++j) sums[i][j] = MulAdd(element, k[j], sums[i][j]);
      }
    }
    CODEXPC_UNROLL for (std::size_t i = 0; i < kQueries; ++i) {
      CODEXPC_UNROLL for (std::size_t j = 0; j < kKeyVectors; ++j) Store(scores + i * kKeys + key + j * kLanes, sums[i][j]);
    }
  }
}

/// Turns one query's scores of the block at `position` into weights, 0 where it must not look.
CODEXPC_INLINE void WeighScores(float* scores, Query* query, float* sums, std::size_t position, std::size_t num_keys, std::size_t padded_dim) {
  const std::size_t tiled = (num_keys + kKeysAtOnce - 1) / kKeysAtOnce * kKeysAtOnce;
  std::size_t first = query->first > position ? query->first - position : 0;
  std::size_t end = query->end > position ? query->end - position : 0;
  if (end > num_keys) end = num_keys;
  if (first >= end) {
    for (std::size_t key = 0; key < tiled; key += kLanes) Store(scores + key, Zero());
    return;
  }
  const bool sees_all = first == 0 && end == tiled;
  const float lowest = std::numeric_limits<float>::lowest();
  for (std::size_t key = 0; key < first; ++key) scores[key] = lowest;
  for (std::size_t key = end; key < tiled; ++key) scores[key] = lowest;

  Vec largest = Load(scores);
  for (std::size_t key = kLanes; key < tiled; key += kLanes) largest = Max(largest, Load(scores + key));
  if (AnyGreater(largest, Set1(query->largest))) {  // rare after the first blocks; else nothing waits for a maximum across lanes
    const float new_largest = Largest(largest);
    const Vec rescale = ExpUpTo88(Set1(query->largest - new_largest));
    for (std::size_t d = 0; d < padded_dim; d += kLanes) Store(sums + d, Mul(Load(sums + d), rescale));
    query->weights = Mul(query->weights, rescale);
    query->sink_weight *= First(rescale);
    query->largest = new_largest;
  }
  const Vec base = Set1(query->largest);
  Vec weights = query->weights;
  for (std::size_t key = 0; key < tiled; key += kLanes) {
    const Vec weight = ExpUpTo88(Sub(Load(scores + key), base));
    Store(scores + key, weight);
    if (sees_all) weights = Add(weights, weight);
  }
  if (!sees_all) {
    for (std::size_t key = 0; key < first; ++key) scores[key] = 0.0f;
    for (std::size_t key = end; key < tiled; ++key) scores[key] = 0.0f;
    for (std::size_t key = 0; key < tiled; key += kLanes) weights = Add(weights, Load(scores + key));
  }
  query->weights = weights;
}

template <std::size_t kQueries>
CODEXPC_INLINE void ValueTile(float* sums, const float* weights, const float* values, std::size_t value_stride, std::size_t num_keys,
                              std::size_t padded_dim) {
  for (std::size_t d = 0; d < padded_dim; d += kValuesAtOnce) {
    Vec s[kQueries][kValueVectors];
    CODEXPC_UNROLL for (std::size_t i = 0; i < kQueries; ++i) {
      CODEXPC_UNROLL for (std::size_t j = 0; j < kValueVectors; ++j) s[i][j] = Load(sums + i * padded_dim + d + j * kLanes);
    }
    for (std::size_t key = 0; key < num_keys; ++key) {
      Vec v[kValueVectors];
      CODEXPC_UNROLL for (std::size_t j = 0; j < kValueVectors; ++j) v[j] = Load(values + key * value_stride + d + j * kLanes);
      CODEXPC_UNROLL for (std::size_t i = 0; i < kQueries; ++i) {
        const Vec weight = Set1(weights[i * kKeys + key]);
        CODEXPC_UNROLL for (std::size_t j = 0; j < kValueVectors; ++j) s[i][j] = MulAdd(weight, v[j], s[i][j]);
      }
    }
    CODEXPC_UNROLL for (std::size_t i = 0; i < kQueries; ++i) {
      CODEXPC_UNROLL for (std::size_t j = 0; j < kValueVectors; ++j) Store(sums + i * padded_dim + d + j * kLanes, s[i][j]);
    }
  }
}

/// The last tile, of at most kQueries queries.
template <std::size_t kQueries>
CODEXPC_INLINE void ScoreTileUpTo(std::size_t num_queries, float* scores, const Query* queries, const float* keys, std::size_t num_keys,
                                  std::size_t head_dim) {
  if constexpr (kQueries > 0) {
    if (num_queries == kQueries) return ScoreTile<kQueries>(scores, queries, keys, num_keys, head_dim);
    ScoreTileUpTo<kQueries - 1>(num_queries, scores, queries, keys, num_keys, head_dim);
  }
}

template <std::size_t kQueries>
CODEXPC_INLINE void ValueTileUpTo(std::size_t num_queries, float* sums, const float* weights, const float* values, std::size_t value_stride,
                                  std::size_t num_keys, std::size_t padded_dim) {
  if constexpr (kQueries > 0) {
    if (num_queries == kQueries) return ValueTile<kQueries>(sums, weights, values, value_stride, num_keys, padded_dim);
    ValueTileUpTo<kQueries - 1>(num_queries, sums, weights, values, value_stride, num_keys, padded_dim);
  }
}

/// The queries `begin..begin + num_queries` of args, in the order (token, head).
CODEXPC_INLINE void PrepareQueries(SdpaBlock* block, const SdpaArgs& args, std::size_t begin, std::size_t num_queries) {
  const std::size_t total = args.length[0] + args.length[1] + args.length[2];
  for (std::size_t i = 0; i < num_queries; ++i) {
    const std::size_t token = (begin + i) / args.group;
    const std::size_t head = (begin + i) % args.group;
    const std::size_t end = total - (args.num_tokens - 1 - token);
    block->queries[i] = {.weights = Zero(),
                         .sink_weight = 1.0f,
                         .largest = At(args.sinks, head),
                         .q = args.q + token * args.q_stride + head * args.head_dim,
                         .out = args.out + token * args.out_stride + head * args.head_dim,
                         .first = end > args.window ? end - args.window : 0,
                         .end = end};
  }
}

/// Adds what a block of keys at `position` gives to every query.
template <typename Entries>
void AttendBlock(SdpaBlock* block, std::size_t num_queries, const Entries& k, const Entries& v, std::size_t position, std::size_t num_keys,
                 std::size_t head_dim, std::size_t padded_dim) {
  PackKeys(block->keys, k, num_keys, head_dim);
  const float* values = block->values;
  if constexpr (Entries::kIsFloat) {
    if (padded_dim == head_dim) values = v.first;
  }
  if (values == block->values) PackValues(block->values, v, num_keys, head_dim, padded_dim);

  std::size_t i = 0;
  for (; i + kQueryTile <= num_queries; i += kQueryTile)
    ScoreTile<kQueryTile>(block->scores + i * kKeys, block->queries + i, block->keys, num_keys, head_dim);
  ScoreTileUpTo<kQueryTile - 1>(num_queries - i, block->scores + i * kKeys, block->queries + i, block->keys, num_keys, head_dim);

  for (i = 0; i < num_queries; ++i)
    WeighScores(block->scores + i * kKeys, &block->queries[i], block->sums + i * padded_dim, position, num_keys, padded_dim);

  for (i = 0; i + kQueryTile <= num_queries; i += kQueryTile)
    ValueTile<kQueryTile>(block->sums + i * padded_dim, block->scores + i * kKeys, values, padded_dim, num_keys, padded_dim);
  ValueTileUpTo<kQueryTile - 1>(num_queries - i, block->sums + i * padded_dim, block->scores + i * kKeys, values, padded_dim, num_keys, padded_dim);
}

template <typename Entries>
void Sdpa(const SdpaArgs& args) {
  const std::size_t padded_dim = (args.head_dim + kValuesAtOnce - 1) / kValuesAtOnce * kValuesAtOnce;
  if (padded_dim > kMaxHeadDim) {
    if (std::is_same_v<Entries, Q8Entries>) return scalar::kTable.f32_q8kv_sdpa(args);
    return Entries::kIsFloat ? scalar::kTable.f32_f32kv_sdpa(args) : scalar::kTable.f32_f16kv_sdpa(args);
  }
  SdpaBlock block;
  const std::size_t total_queries = args.num_tokens * args.group;
  for (std::size_t begin = 0; begin < total_queries; begin += kMaxQueries) {
    const std::size_t num_queries = total_queries - begin < kMaxQueries ? total_queries - begin : kMaxQueries;
    PrepareQueries(&block, args, begin, num_queries);
    for (std::size_t i = 0; i < num_queries * padded_dim; i += kLanes) Store(block.sums + i, Zero());

    // Queries are in the order of their tokens: the first sees furthest back, the last furthest ahead.
    const std::size_t first = block.queries[0].first;
    const std::size_t end = block.queries[num_queries - 1].end;
    std::size_t run_begin = 0;
    for (std::size_t run = 0; run < 3; run_begin += args.length[run], ++run) {
      const std::size_t run_end = run_begin + args.length[run] < end ? run_begin + args.length[run] : end;
      for (std::size_t position = first > run_begin ? first : run_begin; position < run_end; position += kKeys) {
        const std::size_t num_keys = run_end - position < kKeys ? run_end - position : kKeys;
        const std::size_t offset = (position - run_begin) * Entries::EntryBytes(args.head_dim);
        const Entries k(static_cast<const std::uint8_t*>(args.k[run]) + offset, num_keys, args.head_dim);
        const Entries v(static_cast<const std::uint8_t*>(args.v[run]) + offset, num_keys, args.head_dim);
        AttendBlock(&block, num_queries, k, v, position, num_keys, args.head_dim, padded_dim);
      }
    }

    for (std::size_t i = 0; i < num_queries; ++i) {
      const Query& query = block.queries[i];
      const float* sums = block.sums + i * padded_dim;
      const Vec scale = Set1(1.0f / (query.sink_weight + Sum(query.weights)));
      std::size_t d = 0;
      for (; d + kLanes <= args.head_dim; d += kLanes) Store(query.out + d, Mul(Load(sums + d), scale));
      if (d < args.head_dim) StorePartial(query.out + d, Mul(Load(sums + d), scale), args.head_dim - d);
    }
  }
}
