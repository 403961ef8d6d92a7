# Profile limits, joint tests and likelihood ratios of mixed models, by lme4, lmerTest and pbkrtest.
# Run from the project's root:  Rscript tests/oracles/r/mixed_inference.R
# It reads rows.csv of tests/oracles/correlated and tests/oracles/few_therapists and writes
# tests/oracles/r/mixed_inference.json. Profiles are taken at steps a quarter of lme4's default,
# so that its interpolation costs fewer digits.
source("tests/oracles/r/best_of_r.R")
suppressPackageStartupMessages({library(lmerTest); library(pbkrtest)})
correlated <- read.csv("tests/oracles/correlated/rows.csv")
few <- read.csv("tests/oracles/few_therapists/rows.csv")
case <- function(of, name, formula, tested, random)
  list(of = of, name = name, formula = formula, tested = tested, random = random)
cases <- list(
  case("correlated", "balanced", "y ~ time + (time | client)", c("(Intercept)", "time"),
       c("(0 + time | client)" = "y ~ time + (1 | client)")),
  case("correlated", "unbalanced", "y ~ time + x + (time | client)", c("time", "x"),
       c("(0 + time | client)" = "y ~ time + x + (1 | client)")),
  case("correlated", "nested", "y ~ time + x + (time | client) + (1 | therapist)", c("time", "x"),
       c("(1 | therapist)" = "y ~ time + x + (time | client)",
         "(0 + time | client)" = "y ~ time + x + (1 | client) + (1 | therapist)")),
  case("few_therapists", "3", "y ~ time + x + (1 | client) + (1 | therapist)", c("time", "x"),
       c("(1 | therapist)" = "y ~ time + x + (1 | client)",
         "(1 | client)" = "y ~ time + x + (1 | therapist)")),
  case("few_therapists", "7", "y ~ time + x + (1 + time | client) + (1 | therapist)", c("time", "x"),
       c("(1 | therapist)" = "y ~ time + x + (1 + time | client)")),
  case("few_therapists", "9", "y ~ time + x + (1 + time || client) + (1 | therapist)",
       c("time", "x"), c("(0 + time | client)" = "y ~ time + x + (1 | client) + (1 | therapist)")),
  case("few_therapists", "6", "y ~ time + x + (1 | client) + (1 | therapist)", c("time", "x"),
       c("(1 | therapist)" = "y ~ time + x + (1 | client)")))

# "sd_(Intercept)|client" becomes "sd(Intercept | client)", and so on.
named <- function(x) {
  x <- gsub("(Intercept)", "Intercept", x, fixed = TRUE)
  x <- sub("^sd_(.*)\\|(.*)$", "sd(\\1 | \\2)", x)
  x <- sub("^cor_(.*)\\.(.*)\\|(.*)$", "cor(\\2, \\1 | \\3)", x)
  x <- sub("^sigma$", "sd(Residual)", x)
  gsub(" | client.1)", " | client)", x, fixed = TRUE)
}
fits <- parallel::mclapply(cases, mc.cores = 2, function(one) {
  set.seed(1)
  own <- if (one$of == "correlated") correlated[correlated$case == one$name, ]
         else few[few$design == as.integer(one$name), ]
  best <- function(formula, reml = TRUE) {
    found <- best_fit(as.formula(formula), own, reml)
    eval(bquote(lmerTest::lmer(.(as.formula(formula)), own, REML = .(reml), control = tight,
                               start = .(getME(found$fit, "theta")))))
  }
  fit <- best(one$formula)
  L <- diag(length(fixef(fit)))[match(one$tested, names(fixef(fit))), ]
  satterthwaite <- contestMD(fit, L, ddf = "Satterthwaite")
  scaled <- KRmodcomp(fit, L)
  full <- refitML(fit)
  limits <- confint(profile(full, signames = FALSE, delta.cutoff = 1 / 32, maxpts = 400,
                            devtol = 1e-6))
  rownames(limits) <- named(rownames(limits))
  ratio <- function(formula, reml) {
    larger <- if (reml) fit else best(one$formula, FALSE)
    2 * as.numeric(logLik(larger) - logLik(best(formula, reml)))
  }
  list(rows = one$of, name = one$name, formula = one$formula, tested = named(one$tested),
       satterthwaite = list(statistic = satterthwaite[["F value"]], df = satterthwaite[["DenDF"]],
                            p = satterthwaite[["Pr(>F)"]]),
       kenward_roger = list(statistic = getKR(scaled, "Fstat"), df = getKR(scaled, "ddf"),
                            p = getKR(scaled, "p.value")),
       ratios = lapply(one$random, function(formula)
         list(reml = ratio(formula, TRUE), ml = ratio(formula, FALSE))),
       limits = lapply(split(limits, rownames(limits)), as.numeric))
})
written(list(r = R.version.string, packages = versions("lme4", "lmerTest", "pbkrtest")),
        "fits", fits, "tests/oracles/r/mixed_inference.json")
