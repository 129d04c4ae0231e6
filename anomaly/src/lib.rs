//! From a stream of outcomes to a judgement: leaky buckets and their verdicts. Pure, time passed in.
