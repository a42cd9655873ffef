#pragma once
// A few tokens in bytes, as decoding has them, over the groups of blocks of one instruction set (its block-groups.h): four
// rows at once, a group of blocks of each, expanded where it is used and multiplied with several tokens while it is in
// registers. Memory is the limit then, as long as expanding stays well below it. Included inside that set's namespace and
// target region, after weight-rows.h and q8-matmul.h.
//
// Activations of two terms cost twice the products of one and no more reading, and are as good as floats: they are what
// the exact path decodes with.

/// Of one token, what meets the weights lane by lane.
template <std::size_t kTerms>
struct TokenGroups {
  static constexpr std::size_t kMaxBlocks = 128;  // 4096 columns at a time
  static constexpr std::size_t kMaxGroups = kMaxBlocks / kGroupBlocks;
  Bytes low[kTerms][kMaxGroups];
  Bytes high[kTerms][kMaxGroups];
  BlockSum starts[kMaxGroups];
  Vec scales[kMaxGroups];
};

/// `num_blocks` blocks of a token from its column `first_col` on; past the last ones zeros. `factor` goes into the scales.
template <std::size_t kTerms, typename Weight>
CODEXPC_INLINE void ArrangeToken(TokenGroups<kTerms>* groups, const Q8MatmulArgs& args, std::size_t token, std::size_t first_col,
                                 std::size_t num_blocks, float factor) {
  const std::int8_t* values = args.x.values + token * kTerms * args.cols + first_col;
  const float* scales = args.x.scales + (token * args.cols + first_col) / 32;
  for (std::size_t block = 0; block < num_blocks; block += kGroupBlocks) {
    const std::size_t count = num_blocks - block < kGroupBlocks ? num_blocks - block : kGroupBlocks;
    const std::size_t group = block / kGroupBlocks;
    // Each lane undoes what was added to its own weights: left to the sum over lanes, that would cost digits.
    BlockSum offsets = ZeroSum();
    CODEXPC_UNROLL for (std::size_t term = 0; term < kTerms; ++term) {
      LoadGroup(values + term * args.cols + block * 32, count, &groups->low[term][group], &groups->high[term][group]);
      offsets = Weight::Dot(TimesTerm(offsets), Weight::Offsets(), groups->low[term][group], groups->high[term][group]);
    }
    groups->starts[group] = Negated(offsets);
    groups->scales[group] = Mul(LoadScales(scales + block, count), Set1(factor));
  }
}

/// Rows read at once, each from a quarter of the slice, so that each is a stream which goes on from row to row and which the
/// hardware follows. Four neighbours were read a fifth slower on an Ice Lake Xeon.
constexpr std::size_t kRowStreams = 4;

/// The products of kRowStreams rows, `apart` rows apart, with `kTokens` tokens; past the slice's end its last one, not stored.
/// `first` is the column of the tokens' first block, in blocks.
template <std::size_t kTokens, std::size_t kTerms, typename Weight>
CODEXPC_INLINE void MultiplyRows(const Q8MatmulArgs& args, const Weight& weight, const TokenGroups<kTerms>* tokens, std::size_t first_token,
                                 std::size_t row, std::size_t apart, std::size_t first, std::size_t num_blocks) {
  constexpr std::size_t kStepBlocks = 4;
  const std::size_t row_blocks = args.cols / 32;
  const std::size_t rows_left = (args.row_end - row + apart - 1) / apart;
  const std::size_t num_rows = rows_left < kRowStreams ? rows_left : kRowStreams;
  // The next row of each is asked for all the same, and every line of it: the hardware by itself was a fifth slower, and one
  // line in seventeen left out cost as much.
  constexpr std::size_t kLineBytes = 64;
  constexpr std::size_t kStepLines = kStepBlocks * Weight::kBlockBytes / kLineBytes;
  const std::uint8_t* ahead[kRowStreams];
  std::size_t at[kRowStreams];
  Vec sums[kTokens][kRowStreams];
  CODEXPC_UNROLL for (std::size_t r = 0; r < kRowStreams; ++r) {
    at[r] = (row + (r < num_rows ? r : num_rows - 1) * apart) * row_blocks + first;
    ahead[r] = weight.blocks + (at[r] + row_blocks) * Weight::kBlockBytes;
    CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) sums[t][r] = Zero();
  }
  const auto add = [&](std::size_t group, std::size_t r, const WeightGroup& w) {
    CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) {
      const TokenGroups<kTerms>& token = tokens[t];
      BlockSum sum = Weight::Dot(token.starts[group], w, token.low[kTerms - 1][group], token.high[kTerms - 1][group]);
      if constexpr (kTerms == 2) sum = AddSums(sum, TimesTerm(Weight::Dot(ZeroSum(), w, token.low[0][group], token.high[0][group])));
      sums[t][r] = MulAdd(Mul(ToFloats(sum), token.scales[group]), w.scales, sums[t][r]);
    }
  };
  std::size_t block = 0;
  for (; block + kStepBlocks <= num_blocks; block += kStepBlocks) {
    CODEXPC_UNROLL for (std::size_t r = 0; r < kRowStreams; ++r) {
      CODEXPC_UNROLL for (std::size_t line = 0; line < kStepLines; ++line)
        __builtin_prefetch(ahead[r] + (kStepLines * (block / kStepBlocks) + line) * kLineBytes);
      CODEXPC_UNROLL for (std::size_t b = 0; b < kStepBlocks; b += kGroupBlocks) add((block + b) / kGroupBlocks, r, weight.Group(at[r] + block + b));
    }
  }
  for (; block < num_blocks; block += kGroupBlocks) {
    const std::size_t count = num_blocks - block < kGroupBlocks ? num_blocks - block : kGroupBlocks;
    CODEXPC_UNROLL for (std::size_t r = 0; r < kRowStreams; ++r) add(block / kGroupBlocks, r, weight.Rest(at[r] + block, count));
  }
  for (std::size_t at_byte = num_blocks / kStepBlocks * kStepLines * kLineBytes; at_byte < num_blocks * Weight::kBlockBytes; at_byte += kLineBytes) {
    CODEXPC_UNROLL for (std::size_t r = 0; r < kRowStreams; ++r) __builtin_prefetch(ahead[r] + at_byte);
  }
  CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) {
    alignas(16) float dots[kRowStreams];
    StoreSums(dots, sums[t][0], sums[t][1], sums[t][2], sums[t][3]);
    for (std::size_t r = 0; r < num_rows; ++r) {
      float* out = args.out + (first_token + t) * args.out_stride + row + r * apart;
      float dot = dots[r];
      if (args.bias.data != nullptr && first == 0) dot += At(args.bias, row + r * apart);
      *out = args.accumulate || first > 0 ? *out + dot : dot;
    }
  }
}

/// At most kTokens tokens.
template <std::size_t kTokens, std::size_t kTerms, typename Weight>
CODEXPC_INLINE void MultiplyRowsUpTo(std::size_t num_tokens, const Q8MatmulArgs& args, const Weight& weight, const TokenGroups<kTerms>* tokens,
                                     std::size_t first_token, std::size_t row, std::size_t apart, std::size_t first, std::size_t num_blocks) {
  if constexpr (kTokens > 0) {
    if (num_tokens == kTokens) return MultiplyRows<kTokens, kTerms>(args, weight, tokens, first_token, row, apart, first, num_blocks);
    MultiplyRowsUpTo<kTokens - 1, kTerms>(num_tokens, args, weight, tokens, first_token, row, apart, first, num_blocks);
  }
}

/// `Weight::Group(block)` gives kGroupBlocks blocks, `Weight::Rest(block, count)` as many or fewer.
template <std::size_t kTerms, typename Weight>
CODEXPC_INLINE void MultiplyFewTokens(const Q8MatmulArgs& args, const Weight& weight, float factor) {
  using Token = TokenGroups<kTerms>;
  constexpr std::size_t kArranged = kFewTokens / kTerms;  // the same memory for one term and for two
  const std::size_t row_blocks = args.cols / 32;
  const std::size_t apart = (args.row_end - args.row_begin + kRowStreams - 1) / kRowStreams;
  Token tokens[kArranged];
  for (std::size_t first_token = 0; first_token < args.num_tokens; first_token += kArranged) {
    const std::size_t num_tokens = args.num_tokens - first_token < kArranged ? args.num_tokens - first_token : kArranged;
    for (std::size_t first = 0; first < row_blocks; first += Token::kMaxBlocks) {
      const std::size_t num_blocks = row_blocks - first < Token::kMaxBlocks ? row_blocks - first : Token::kMaxBlocks;
      for (std::size_t token = 0; token < num_tokens; ++token)
        ArrangeToken<kTerms, Weight>(&tokens[token], args, first_token + token, first * 32, num_blocks, factor);
      for (std::size_t row = args.row_begin; row < args.row_begin + apart; ++row) {
        for (std::size_t token = 0; token < num_tokens; token += kTokensAtOnce) {
          const std::size_t left = num_tokens - token;
          MultiplyRowsUpTo<kTokensAtOnce, kTerms>(left < kTokensAtOnce ? left : kTokensAtOnce, args, weight, tokens + token,
                                                  first_token + token, row, apart, first, num_blocks);
        }
      }
    }
  }
}

template <typename Weight>
void MatmulFewTokens(const Q8MatmulArgs& args, const Weight& weight, float factor) {
  if (args.x.num_terms == 2) return MultiplyFewTokens<2>(args, weight, factor);
  MultiplyFewTokens<1>(args, weight, factor);
}
