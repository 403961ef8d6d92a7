# Expected values of tests/oracles/test_partial_correlation.py: early alliance and the last outcome,
# given the first one, in the clinic of tests/oracles/clinic/clinic.csv.
# Run from the project's root:  Rscript tests/oracles/r/partial_correlation.R
# It writes tests/oracles/r/partial_correlation.json.
suppressPackageStartupMessages({library(boot); library(jsonlite)})
rows <- read.csv("tests/oracles/clinic/clinic.csv")
rows <- rows[order(rows$client, rows$session), ]
one <- function(d, early) {
  first <- d$ors[d$session == 1]
  later <- d$ors[d$session > early & !is.na(d$ors)]
  rated <- d$srs[d$session <= early]
  data.frame(client = d$client[1], first = if (length(first)) first else NA,
             early = if (all(is.na(rated))) NA else mean(rated, na.rm = TRUE),
             last = if (length(later)) tail(later, 1) else NA,
             long = max(d$session) > early)
}
courses <- function(early) {
  d <- do.call(rbind, lapply(split(rows, rows$client), one, early = early))
  d[d$long & complete.cases(d), ]
}
residual_r <- function(d) cor(resid(lm(early ~ first, d)), resid(lm(last ~ first, d)))
formula_r <- function(d) {
  r <- cor(d[c("early", "last", "first")])
  (r[1, 2] - r[1, 3] * r[2, 3]) / sqrt((1 - r[1, 3]^2) * (1 - r[2, 3]^2))
}
limits <- function(d, cluster, draws) {
  parts <- split(d, cluster)
  boot(seq_along(parts), function(x, i) formula_r(do.call(rbind, parts[i])), draws)
}
set.seed(20)
all <- lapply(1:5, function(e) {d <- courses(e); c(n = nrow(d), r = residual_r(d))})
d <- courses(3)
pairs <- limits(d, d$client %/% 2, 4999)           # several courses of one client
pairs_ci <- boot.ci(pairs, type = c("bca", "perc"))
small <- d[1:25, c("client", "first", "early", "last")]
few <- limits(small, small$client, 999)
jack <- sapply(1:25, function(i) formula_r(small[-i, ]))
L <- 24 * (mean(jack) - jack)                      # what boot.ci takes for the acceleration
few_ci <- boot.ci(few, type = "bca", L = L)
out <- list(
  versions = list(R = R.version.string, boot = as.character(packageVersion("boot"))),
  by_early = data.frame(early = 1:5, do.call(rbind, all)),
  formula = formula_r(d),
  pairs = list(bca = pairs_ci$bca[4:5], percentile = pairs_ci$percent[4:5], se = sd(pairs$t)),
  small = list(client = small$client, estimate = few$t0, draws = as.numeric(few$t), jackknife = jack,
               bca = few_ci$bca[4:5]))
write(toJSON(out, digits = 10, auto_unbox = TRUE, na = "null"),
      "tests/oracles/r/partial_correlation.json")
