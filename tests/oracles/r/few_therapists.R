# Degrees of freedom with few therapists: Satterthwaite's by lmerTest, Kenward and Roger's by pbkrtest.
# Run from the project's root:  Rscript tests/oracles/r/few_therapists.R
# It writes tests/oracles/few_therapists/rows.csv and tests/oracles/r/few_therapists.json.
# lmerTest takes derivatives by differences, which leaves its df right to about 1e-6 of their value.
source("tests/oracles/r/best_of_r.R")
suppressPackageStartupMessages({library(lmerTest); library(pbkrtest)})
design <- function(formula, therapists, clients, most, moving, x_of, sd, correlation = 0)
  list(formula = paste("y ~ time + x +", formula),
       draw = list(therapists, clients, most, moving, x_of, sd, correlation))
both <- "(1|client) + (1|therapist)"
slope <- "(1+time|client) + (1|therapist)"
apart <- "(1+time||client) + (1|therapist)"
slopes <- "(1+time|client) + (1+time|therapist)"
designs <- list(
  design(both, 4, 24, 8, 0, "client", c(3, 0, 2, 0)),
  design(both, 5, 30, 8, .3, "session", c(3, 0, 2, 0)),
  design(both, 6, 36, 6, .3, "therapist", c(3, 0, 1.5, 0)),
  design(both, 8, 40, 6, 1, "client", c(2, 0, 1.5, 0)),
  design(both, 4, 28, 7, .4, "client", c(3, 0, 0, 0)),
  design(both, 7, 35, 5, 0, "therapist", c(2, 0, 0, 0)),
  design(slope, 5, 40, 9, 0, "session", c(3, .7, 2, 0), -.4),
  design(slope, 6, 40, 9, .3, "client", c(3, .7, 1.5, 0), -.4),
  design(apart, 8, 48, 8, .3, "client", c(3, .7, 1.5, 0)),
  design(apart, 6, 36, 8, .3, "client", c(3, 0, 1, 0)),
  design(slopes, 8, 64, 9, .2, "session", c(3, .7, 2, .6), .2),
  design(slopes, 6, 48, 8, .2, "client", c(3, .5, 1.5, 0), .2))
file <- "tests/oracles/few_therapists/rows.csv"
write.csv(do.call(rbind, lapply(seq_along(designs), function(i) {
  set.seed(1997 + i)
  cbind(design = i, do.call(drawn, designs[[i]]$draw))
})), file, row.names = FALSE, quote = FALSE)
rows <- split(read.csv(file), read.csv(file)$design)

satterthwaite <- function(fit) {
  table <- coef(summary(fit, ddf = "Satterthwaite"))
  terms_of(setNames(table[, "df"], rownames(table)))
}
kenward_roger <- function(fit) {
  names <- names(fixef(fit)); adjusted <- vcovAdj(fit)
  df <- vapply(seq_along(names), function(j)
    Lb_ddf(as.numeric(seq_along(names) == j), as.matrix(vcov(fit)), adjusted), 1)
  list(df = terms_of(setNames(df, names)),
       se = terms_of(setNames(sqrt(diag(as.matrix(adjusted))), names)))
}
fits <- lapply(seq_along(designs), function(i) {
  set.seed(i)
  formula <- as.formula(designs[[i]]$formula); own <- rows[[as.character(i)]]
  found <- best_fit(formula, own)
  # not quoted in the call: both packages evaluate it again
  fit <- eval(bquote(lmerTest::lmer(.(formula), own, control = tight,
                                    start = .(getME(found$fit, "theta")))))
  if (logLik(fit) < logLik(found$fit) - 1e-9) stop("not the best fit in design ", i)
  c(list(design = i, formula = designs[[i]]$formula), said(found),
    list(satterthwaite = satterthwaite(fit), kenward_roger = kenward_roger(fit)))
})
written(list(r = R.version.string,
             packages = versions("lme4", "glmmTMB", "lmerTest", "pbkrtest", "nloptr")),
        "designs", fits, "tests/oracles/r/few_therapists.json")
