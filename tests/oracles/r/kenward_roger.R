# Simulated rows and expected values of tests/oracles/test_kenward_roger.py.
# Run from the project's root:  Rscript tests/oracles/r/kenward_roger.R
# It writes tests/oracles/r/kenward_roger.json: the rows, lme4's REML variances at full length, and
# what pbkrtest says at them.
suppressPackageStartupMessages({library(lme4); library(pbkrtest); library(jsonlite)})
options(digits = 15)
RNGkind("Mersenne-Twister", "Inversion", "Rejection")
set.seed(19970903)
tight <- lmerControl(optimizer = "bobyqa", calc.derivs = FALSE,
                     check.conv.singular = "ignore",
                     optCtrl = list(rhobeg = .02, rhoend = 1e-12, maxfun = 1e6))

# Clients seen by one therapist or by two; sessions of unequal number; day far from zero.
rows <- function(clients, therapists, therapist_sd, slope_sd) {
  n <- sample(2:9, clients, TRUE)
  d <- data.frame(client = rep(seq_len(clients), n), session = sequence(n))
  home <- sample(therapists, clients, TRUE)
  away <- runif(nrow(d)) < .25
  d$therapist <- ifelse(away, sample(therapists, nrow(d), TRUE), home[d$client])
  d$day <- 1000 + 7 * d$session + sample(0:3, nrow(d), TRUE)
  d$severity <- round(rnorm(clients), 2)[d$client]
  d$training <- (d$therapist %% 2)
  u <- rnorm(clients, 0, 3); s <- rnorm(clients, 0, slope_sd)
  w <- rnorm(therapists, 0, therapist_sd)
  d$y <- round(20 + .3 * d$session + d$severity + u[d$client] + s[d$client] * d$session +
                 w[d$therapist] + rnorm(nrow(d), 0, 2), 3)
  d
}
say <- function(formula, d) {
  fit <- lmer(formula, d, REML = TRUE, control = tight)
  p <- length(fixef(fit))
  adjusted <- vcovAdj(fit)
  each <- sapply(seq_len(p), function(j) Lb_ddf(diag(p)[j, ], vcov(fit), adjusted))
  both <- matrix(0, 2, p); both[1, names(fixef(fit)) == "severity"] <- 1
  both[2, names(fixef(fit)) == "training"] <- 1
  joint <- KRmodcomp(fit, both)
  v <- VarCorr(fit)
  list(rows = d, terms = names(fixef(fit)), singular = isSingular(fit),
       covariances = lapply(v, function(m) matrix(as.numeric(m), nrow(m))),
       residual = sigma(fit)^2, model = as.matrix(vcov(fit)),
       adjusted = matrix(as.numeric(adjusted), p), df = unname(each),
       joint_df = getKR(joint, "ddf"), joint_scaling = getKR(joint, "F.scaling"))
}
said <- list(
  crossed = say(y ~ session + severity + training + (1 | client) + (1 | therapist),
                rows(25, 6, 2, 0)),
  slopes = say(y ~ day + severity + training + (1 + session | client) + (1 | therapist),
               rows(30, 7, 1.5, .6)),
  singular = say(y ~ session + severity + training + (1 + session | client) + (1 | therapist),
                 rows(20, 5, 0, 0)))
said$packages <- sapply(c("lme4", "pbkrtest"), function(p) as.character(packageVersion(p)))
write_json(said, "tests/oracles/r/kenward_roger.json", auto_unbox = TRUE, digits = I(15),
           dataframe = "columns", matrix = "rowmajor")
